// A process with few free descriptors: begins 400 calls of one function at once, or works through a tree of 400 files,
// and reports how long that took and what came of it. Started by ./few-descriptors.spec.ts.

import { execFileSync } from 'node:child_process'
import { mkdirSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Case, cases, treeCases } from '../support/cases.js'
import { storeCases } from '../support/cases-of-stores.js'
import { memory, scratch, sized } from '../support/kit.js'

const [most = '', inUse = '', ...names] = process.argv.slice(2)
/** A probe makes hundreds of calls. */
const timesOf = (one: Case): number =>
  treeCases.includes(one) ? 1 : one.name === 'probe' ? sized(20, 400) : sized(120, 400)

export interface Report {
  readonly name: string
  readonly ms: number
  /** What went wrong, or was not new afterwards. */
  readonly wrong: readonly string[]
}

async function tryCase(one: Case, times: number): Promise<Report> {
  const [dir, across] = [scratch(), scratch(memory)]
  const places = Array.from({ length: times }, (_, at) => [join(dir, String(at)), join(across, String(at))] as const)
  for (const [here, there] of places) {
    mkdirSync(here)
    mkdirSync(there)
    one.lay?.(here, there)
  }
  const began = performance.now()
  const wrong: string[] = []
  const calls = places.map(([here, there]) => one.call(here, there).catch(error => void wrong.push(`${error}`)))
  await Promise.all(calls)
  const ms = performance.now() - began
  for (const [here, there] of places) {
    const state = one.state(here, there)
    if (state !== 'new') wrong.push(state)
  }
  return { name: one.name, ms, wrong: [...new Set(wrong)] }
}

// Only now, because to load modules takes many descriptors.
if (Number(most) > 0) execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${most}`])
// What Node opens when it needs it first is opened now.
await Promise.all(cases.slice(0, 5).map(one => tryCase(one, 1)))
const open = () => readdirSync('/proc/self/fd').length - 1
while (open() < Number(inUse)) openSync('/dev/null', 'r')
// Newer versions of Node have more of their own.
const before = open()
for (const one of [...cases, ...storeCases, ...treeCases])
  if (names.length === 0 || names.includes(one.name)) console.log(JSON.stringify(await tryCase(one, timesOf(one))))
console.log(JSON.stringify({ left: open() - before }))
