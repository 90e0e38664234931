// One counter, many processes that want to add to it: each takes the lock, adds one, and gives it back. In rotation, and
// medians, of one run; how long the longest wait was; and whether the counter is right.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { lock, withLock } from 'holdfast'
import properLockfile from 'proper-lockfile'

const [rounds, processes, times] = [Number(process.argv[2] ?? 7), 8, 100]

function add(file: string): void {
  const fd = openSync(file, 'r+')
  const bytes = Buffer.alloc(10)
  readSync(fd, bytes, 0, 10, 0)
  writeSync(fd, `${Number(bytes) + 1}`.padStart(10, '0'), 0)
  closeSync(fd)
}

/** Retries as often and as long as it takes, from `least` to `most` ms apart. */
const theirs = (least: number, most: number) => async (file: string) => {
  const retries = { forever: true, retries: 20, minTimeout: least, maxTimeout: most, randomize: true }
  const release = await properLockfile.lock(file, { realpath: false, retries })
  add(file)
  await release()
}

const sides: Record<string, (file: string) => unknown> = {
  'proper-lockfile, retries 1-4 ms': theirs(1, 4),
  'proper-lockfile, retries 1-10 ms': theirs(1, 10),
  'proper-lockfile, retries 10-100 ms': theirs(10, 100),
  lock: async file => {
    const lease = await lock(file)
    add(file)
    await lease.release()
  },
  withLock: file => withLock(file, () => add(file)),
  'withLock.sync': file => withLock.sync(file, () => add(file)),
}

interface Done {
  readonly began: number
  readonly ended: number
  readonly longest: number
}

const clock = (): number => performance.timeOrigin + performance.now()

async function worker(side: string, file: string): Promise<void> {
  const act = sides[side] as (file: string) => unknown
  // Loaded and compiled, on a file of its own.
  const own = `${file}-${process.pid}`
  writeFileSync(own, '0'.repeat(10))
  for (let i = 0; i < times; i++) await act(own)
  process.send?.('ready')
  const [at] = (await once(process, 'message')) as [number]
  while (clock() < at);
  const began = clock()
  let longest = 0
  for (let i = 0; i < times; i++) {
    const since = performance.now()
    await act(file)
    longest = Math.max(longest, performance.now() - since)
  }
  process.send?.({ began, ended: clock(), longest } satisfies Done)
  process.disconnect()
}

async function contest(side: string, where: string): Promise<{ perSecond: number; longest: number }> {
  const dir = mkdtempSync(join(where, 'holdfast-bench-'))
  try {
    const file = join(dir, 'counter')
    writeFileSync(file, '0'.repeat(10))
    const workers = Array.from({ length: processes }, () => fork(fileURLToPath(import.meta.url), ['as', side, file]))
    await Promise.all(workers.map(one => once(one, 'message')))
    const at = clock() + 20
    for (const one of workers) one.send(at)
    const done = (await Promise.all(workers.map(async one => (await once(one, 'message'))[0]))) as Done[]
    if (Number(readFileSync(file)) !== processes * times) throw new Error(`${side} has lost a count`)
    const ms = Math.max(...done.map(({ ended }) => ended)) - Math.min(...done.map(({ began }) => began))
    return { perSecond: (processes * times * 1000) / ms, longest: Math.max(...done.map(({ longest }) => longest)) }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN

async function measure(where: string): Promise<void> {
  const taken = new Map(Object.keys(sides).map(side => [side, [] as Awaited<ReturnType<typeof contest>>[]]))
  for (let round = 0; round < rounds; round++) for (const [side, all] of taken) all.push(await contest(side, where))
  const rows = [...taken].map(([side, all]) => ({
    side,
    perSecond: median(all.map(({ perSecond }) => perSecond)),
    longest: median(all.map(({ longest }) => longest)),
  }))
  const best = Math.max(...rows.filter(({ side }) => side.startsWith('proper')).map(({ perSecond }) => perSecond))
  const table = new Table({
    head: [where, 'per second', 'of theirs at best', 'longest wait, ms'],
    style: { head: [], border: [] },
  })
  for (const { side, perSecond, longest } of rows)
    table.push([side, perSecond.toFixed(0), (perSecond / best).toFixed(2), longest.toFixed(0)])
  console.log(table.toString())
}

const [, , role, side = '', file = ''] = process.argv
if (role === 'as') await worker(side, file)
else {
  console.log(`Node ${process.version}, ${processes} processes x ${times}, medians of ${rounds} rounds`)
  for (const where of new Set([tmpdir(), ...(process.platform === 'linux' ? ['/dev/shm'] : [])])) await measure(where)
}
