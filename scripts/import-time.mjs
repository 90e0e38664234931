// What it costs to import the package as it is published, beside fs-extra: CPU time of fresh processes, alternately in one
// run, and the medians. The count of processes may be given: `node scripts/import-time.mjs 30`.

import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { pack } from './pack.mjs'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const home = await pack()
const count = Number(process.argv[2] ?? 30)

const ours = pathToFileURL(join(home, 'dist', 'index.mjs')).href
const programs = {
  "import 'holdfast'": `await import(${JSON.stringify(ours)})`,
  "import 'fs-extra'": `await import('fs-extra')`,
  "require('holdfast')": `require(${JSON.stringify(join(home, 'dist', 'index.js'))})`,
  "require('fs-extra')": `require('fs-extra')`,
}

function cpuMs(code) {
  const text = `const before = process.cpuUsage(); ${code}
    const { user, system } = process.cpuUsage(before); process.stdout.write(String((user + system) / 1000))`
  const type = code.startsWith('await') ? 'module' : 'commonjs'
  const { stdout, stderr } = spawnSync(process.execPath, [`--input-type=${type}`, '-e', text], {
    cwd: top,
    encoding: 'utf8',
  })
  if (stderr) throw new Error(stderr)
  return Number(stdout)
}

const times = Object.fromEntries(Object.keys(programs).map(name => [name, []]))
for (let round = 0; round < count; round++)
  for (const [name, code] of Object.entries(programs)) times[name].push(cpuMs(code))
const median = all => all.toSorted((a, b) => a - b)[all.length >> 1]
for (const [name, all] of Object.entries(times)) console.log(`${name.padEnd(20)} ${median(all).toFixed(1)} ms of CPU`)
for (const form of ["import '", "require('"]) {
  const [mine, other] = ['holdfast', 'fs-extra'].map(name =>
    median(Object.entries(times).find(([key]) => key.startsWith(`${form}${name}`))[1]),
  )
  console.log(`${form.slice(0, -1)}: ${(mine / other).toFixed(2)} of fs-extra's`)
}
