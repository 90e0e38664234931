// The speed of each function, beside what Node does for the same, and beside the same calls made by hand with raw
// callbacks. In rotation, so that what else the machine does falls on all alike; medians, of one run. Ratios hold from
// machine to machine, microseconds do not.

import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Table from 'cli-table3'
import { Bench } from 'tinybench'
import tmp from 'tmp-promise'
import { data } from './data.js'
import { locks } from './locks.js'
import { type Contest, names } from './names.js'

const rounds = Number(process.argv[2] ?? 12)
const callsPerRound = 60
/** Only those whose name holds this. */
const wanted = process.argv[3] ?? ''

/** Microseconds of each call of one side, in one round. */
async function samples(contest: Contest, side: 'rival' | 'ours', path: () => string): Promise<number[]> {
  let next = ''
  const bench = new Bench({
    time: 0,
    iterations: contest.calls ?? callsPerRound,
    warmup: false,
    retainSamples: true,
    throws: true,
  })
  bench.add(side, () => contest[side](next) as Promise<void>, {
    // Said, because it would be found out by one call more, without a path.
    async: !contest.name.includes('.sync'),
    beforeEach: () => {
      next = path()
      contest.before?.(next)
    },
  })
  await bench.run()
  const { result } = bench.tasks[0] as { result: { latency?: { samples?: readonly number[] } } }
  return [...(result.latency?.samples ?? [])].map(ms => ms * 1000)
}

const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN

async function measure(where: string): Promise<void> {
  const dir = tmp.dirSync({ tmpdir: where, prefix: 'holdfast-bench', unsafeCleanup: true }).name
  const all = [...names(dir), ...data(dir), ...locks(dir)]
    .filter(({ name }) => name.includes(wanted))
    .map(contest => ({ contest, rival: [] as number[], ours: [] as number[] }))
  for (let round = 0; round <= rounds; round++) {
    // Few entries in the directory, the same for both sides, gone before the next round.
    const room = join(dir, 'room')
    fs.mkdirSync(room)
    for (const { contest, ...times } of all) {
      let count = 0
      const sides = round % 2 ? (['rival', 'ours'] as const) : (['ours', 'rival'] as const)
      for (const side of sides) {
        const taken = await samples(contest, side, () =>
          join(room, `${contest.name.replaceAll(/\W/g, '')}${side}${count++}`),
        )
        if (round > 0) times[side].push(...taken) // the first warms up
      }
    }
    fs.rmSync(room, { recursive: true })
  }
  const table = new Table({
    head: [dirname(dir), 'rival, us', 'holdfast, us', 'ratio', 'at most'],
    style: { head: [], border: [] },
  })
  for (const { contest, rival, ours } of all) {
    const ratio = median(ours) / median(rival)
    table.push([
      contest.name,
      median(rival).toFixed(1),
      median(ours).toFixed(1),
      ratio.toFixed(2),
      contest.target ?? '-',
    ])
  }
  console.log(table.toString())
  fs.rmSync(dir, { recursive: true })
}

console.log(`Node ${process.version}, ${rounds} rounds of ${callsPerRound} calls, medians`)
for (const where of new Set([tmpdir(), ...(process.platform === 'linux' ? ['/dev/shm'] : [])])) await measure(where)
