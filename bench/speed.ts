// The speed of each function, beside what Node does for the same, and beside the same calls made by hand with raw
// callbacks. In rotation, so that what else the machine does falls on all alike; medians, of one run. Ratios hold from
// machine to machine, microseconds do not.

import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Table from 'cli-table3'
import { createExclusive, emplace, link, mkdirp } from 'holdfast'
import { Bench } from 'tinybench'
import tmp from 'tmp-promise'
import { rawCreateExclusive, rawEmplace, rawMkdirs } from './raw.js'

interface Contest {
  readonly name: string
  /** At most so many times what it is measured against; none: for comparison only. */
  readonly target?: number
  readonly rival: (path: string) => unknown
  readonly ours: (path: string) => unknown
  /** Lays out what a call needs, untimed. */
  readonly before?: (path: string) => void
}

const rounds = Number(process.argv[2] ?? 12)
const callsPerRound = 60
const kilobyte = Buffer.alloc(1024, 'x')
const levels8 = (path: string): string => join(path, '1/2/3/4/5/6/7')
const source = (path: string): void => fs.writeFileSync(`${path}.new`, kilobyte)

function contests(dir: string): Contest[] {
  const recursive = { recursive: true } as const
  const there = join(dir, 'there')
  fs.mkdirSync(there)
  const file = join(dir, 'file')
  fs.writeFileSync(file, kilobyte)
  const create = (durability: 'none' | 'file'): Contest => ({
    name: `createExclusive 1 KiB, ${durability} / by hand`,
    target: 1.3,
    rival: path => rawCreateExclusive(path, kilobyte, durability === 'file'),
    ours: path => createExclusive(path, kilobyte, { durability }),
  })
  const put = (durability: 'none' | 'file'): Contest => ({
    name: `emplace, ${durability} / by hand`,
    target: 1.3,
    before: source,
    rival: path => rawEmplace(`${path}.new`, join(dir, 'target'), durability === 'file'),
    ours: path => emplace(`${path}.new`, join(dir, 'target'), { durability }),
  })
  return [
    {
      name: 'mkdirp, existing / promises',
      target: 0.6,
      rival: () => fs.promises.mkdir(there, recursive),
      ours: () => mkdirp(there),
    },
    {
      name: 'mkdirp, 8 new levels / promises',
      target: 0.85,
      rival: path => fs.promises.mkdir(levels8(path), recursive),
      ours: path => mkdirp(levels8(path)),
    },
    {
      name: 'mkdirp, 8 new levels / 8 mkdirs by hand',
      rival: path => rawMkdirs(path, levels8(path)),
      ours: path => mkdirp(levels8(path)),
    },
    {
      name: 'mkdirp, new leaf / promises',
      target: 1.15,
      rival: path => fs.promises.mkdir(path, recursive),
      ours: path => mkdirp(path),
    },
    {
      name: 'mkdirp.sync, existing / mkdirSync',
      target: 1.3,
      rival: () => fs.mkdirSync(there, recursive),
      ours: () => mkdirp.sync(there),
    },
    {
      name: 'mkdirp.sync, 8 new levels / mkdirSync',
      target: 1.3,
      rival: path => fs.mkdirSync(levels8(path), recursive),
      ours: path => mkdirp.sync(levels8(path)),
    },
    {
      name: 'mkdirp.sync, new leaf / mkdirSync',
      target: 1.3,
      rival: path => fs.mkdirSync(path, recursive),
      ours: path => mkdirp.sync(path),
    },
    {
      name: 'link / promises',
      target: 1.2,
      rival: path => fs.promises.link(file, path),
      ours: path => link(file, path),
    },
    {
      name: 'link / callback',
      rival: path => new Promise(done => fs.link(file, path, done)),
      ours: path => link(file, path),
    },
    create('none'),
    create('file'),
    put('none'),
    put('file'),
  ]
}

/** Microseconds of each call of one side, in one round. */
async function samples(contest: Contest, side: 'rival' | 'ours', path: () => string): Promise<number[]> {
  let next = ''
  const bench = new Bench({ time: 0, iterations: callsPerRound, warmup: false, retainSamples: true, throws: true })
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
  const all = contests(dir).map(contest => ({ contest, rival: [] as number[], ours: [] as number[] }))
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
