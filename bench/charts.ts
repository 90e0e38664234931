// npm run bench:charts [-- <dir>]: draws the pictures again, from the results that are kept.

import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { drawInto } from './charts/draw.js'
import { resultsDir } from './run/keep.js'

const [dir = resultsDir(true)] = process.argv.slice(2)
const kept = ['races', 'speed'].map(name => join(dir, `${name}.json`)).filter(file => existsSync(file))
for (const file of kept) {
  for (const picture of await drawInto(dir, JSON.parse(readFileSync(file, 'utf8')))) console.log(relative('', picture))
}
if (kept.length === 0) {
  console.error(`No results in ${dir}: npm run bench:races and npm run bench:speed produce them.`)
  process.exitCode = 1
}
