// npm run bench:charts [-- <dir>]: draws the pictures again, from the results that are kept, and writes the table of where
// holdfast is slower into docs/performance.md. With a directory it draws there, and leaves the page alone.

import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFile } from 'holdfast'
import { drawInto } from './charts/draw.js'
import { slowerTable, withTable } from './charts/slower.js'
import { resultsDir } from './run/keep.js'

const [chosen] = process.argv.slice(2)
const dir = chosen ?? resultsDir(true)
const kept = ['races', 'speed'].map(name => join(dir, `${name}.json`)).filter(file => existsSync(file))
for (const file of kept) {
  const results = JSON.parse(readFileSync(file, 'utf8'))
  for (const picture of await drawInto(dir, results)) console.log(relative('', picture))
  if (chosen !== undefined || !('targets' in results)) continue
  const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))
  await writeFile(page, withTable(readFileSync(page, 'utf8'), slowerTable(results)))
  console.log(relative('', page))
}
if (kept.length === 0) {
  console.error(`No results in ${dir}: npm run bench:races and npm run bench:speed produce them.`)
  process.exitCode = 1
}
