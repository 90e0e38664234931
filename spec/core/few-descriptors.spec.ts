// Few descriptors: each function comes to its right end, and takes not much longer than with plenty.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cases, treeCases } from '../support/cases.js'
import { storeCases } from '../support/cases-of-stores.js'
import { assert, note, raced, sized } from '../support/kit.js'
import type { Report } from './few-descriptors.js'

const child = fileURLToPath(new URL('few-descriptors.js', import.meta.url))

/** A process that may open 64 files, at least 20 of which are open; or as many as it likes. */
async function run(few: boolean): Promise<{ reports: Report[]; left: number }> {
  const args = few ? ['64', '20'] : ['0', '0']
  const options = { timeout: 250_000, maxBuffer: 1e8 }
  const { stdout } = await promisify(execFile)(process.execPath, [child, ...args], options)
  const lines = stdout
    .trim()
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
  return { reports: lines.slice(0, -1), left: lines.at(-1).left }
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number

if (process.platform !== 'linux') raced.skip('with 44 free descriptors', 'only Linux shows how many are open')
else
  raced('with 44 free descriptors each function ends right: 400 calls at once, and a tree of 400 files', async () => {
    const ratios = new Map<string, number[]>()
    for (let turn = 0; turn < sized(1, 5); turn++) {
      const [plenty, few] = [await run(false), await run(true)]
      assert.ok(few.left <= 0, `${few.left} descriptors are left open`)
      assert.is(few.reports.length, cases.length + storeCases.length + treeCases.length)
      for (const [at, { name, ms, wrong }] of few.reports.entries()) {
        const base = plenty.reports[at] as Report
        assert.equal(base.wrong, [], `${name}, with plenty`)
        assert.equal(wrong, [], name)
        ratios.set(name, [...(ratios.get(name) ?? []), ms / base.ms])
      }
    }
    const all = [...ratios].map(([name, some]) => ({ name, ratio: median(some) }))
    note(all.map(({ name, ratio }) => `${name}: ${ratio.toFixed(2)}`).join(', '))
    // One run on a busy machine says little, but what holds descriptors while it waits takes minutes.
    const limit = sized(10, 3)
    for (const { name, ratio } of all) assert.ok(ratio <= limit, `${name} takes ${ratio.toFixed(1)} times as long`)
  })
