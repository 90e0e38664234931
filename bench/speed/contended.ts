// Many processes add to one counter: each takes the lock, adds one, and releases the lock, a hundred times. The
// processes are the same for all sides, and have done it before, each on a counter of its own, to warm up.

import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { lock, withLock } from 'holdfast'
import { contender, type Result, race } from 'holdfast/testing'
import lockfile from 'lockfile'
import properLockfile from 'proper-lockfile'
import { median } from '../run/median.js'
import type { ContendedCell } from '../run/results.js'
import { stopped } from '../run/stop.js'
import { shuffled } from './rotate.js'

export const [processes, turns] = [8, 100]
export const rival = 'proper-lockfile'

const width = 10
const zero = '0'.padStart(width, '0')

/** Adds one with no more than a read and a write, so that the lock is what is measured. */
function addOne(counter: string): void {
  const fd = openSync(counter, 'r+')
  const bytes = Buffer.alloc(width)
  readSync(fd, bytes, 0, width, 0)
  writeSync(fd, `${Number(bytes) + 1}`.padStart(width, '0'), 0)
  closeSync(fd)
}

/** Retries until it has the lock, `least` to `most` ms apart. */
const retrying = (least: number, most: number) => async (counter: string) => {
  const retries = { forever: true, retries: 20, minTimeout: least, maxTimeout: most, randomize: true }
  const release = await properLockfile.lock(counter, { realpath: false, retries })
  addOne(counter)
  await release()
}

const lockFile = promisify<string, lockfile.Options, void>(lockfile.lock)
const unlockFile = promisify(lockfile.unlock)
const polling = (pollPeriod: number) => async (counter: string) => {
  await lockFile(`${counter}.lock`, { wait: 60_000, pollPeriod })
  addOne(counter)
  await unlockFile(`${counter}.lock`)
}

const sides: Readonly<Record<string, (counter: string) => unknown>> = {
  async 'holdfast, lock'(counter) {
    const lease = await lock(counter)
    addOne(counter)
    await lease.release()
  },
  'holdfast, withLock': counter => withLock(counter, () => addOne(counter)),
  'holdfast, withLock.sync': counter => withLock.sync(counter, () => addOne(counter)),
  [`${rival}, retries 1-4 ms`]: retrying(1, 4),
  [`${rival}, retries 1-10 ms`]: retrying(1, 10),
  [`${rival}, retries 10-100 ms`]: retrying(10, 100),
  'lockfile, polls each ms': polling(1),
  'lockfile, polls each 10 ms': polling(10),
}

/** What is done in a round. The processes read it from a file, because the order is drawn at random. */
interface Turn {
  readonly side: string
  /** Each process has a counter of its own. */
  readonly alone: boolean
}

const turnIn = (dir: string): string => `${dir}/turn`
const counterIn = (dir: string, round: number): string => `${dir}/counter ${round}`

/** Returns the longest wait, in milliseconds. */
async function add(dir: string, round: number, number: number): Promise<number> {
  const { side, alone } = JSON.parse(readFileSync(turnIn(dir), 'utf8')) as Turn
  const counter = alone ? `${counterIn(dir, round)} ${number}` : counterIn(dir, round)
  if (alone) writeFileSync(counter, zero)
  let longest = 0
  for (let turn = 0; turn < turns; turn++) {
    const since = performance.now()
    await sides[side]?.(counter)
    longest = Math.max(longest, performance.now() - since)
  }
  return longest
}

contender({ adder: add })

function outcomeOf(side: string, counter: string, results: readonly Result[]) {
  const fallen = results.find(({ how }) => how !== 'returned')
  if (fallen) throw new Error(`${side}: a process ${fallen.how}: ${fallen.message}`)
  if (Number(readFileSync(counter)) !== processes * turns) throw new Error(`${side} has lost a count`)
  const ms = Math.max(...results.map(({ ended }) => ended)) - Math.min(...results.map(({ began }) => began))
  return {
    perSecond: (processes * turns * 1000) / ms,
    longestWait: Math.max(...results.map(({ value }) => value as number)),
  }
}

export interface Contended {
  readonly dir: string
  readonly filesystem: string
  readonly rounds: number
  readonly random: () => number
  readonly tick: () => void
}

export const contests = (rounds: number): number => (1 + rounds) * Object.keys(sides).length

export async function contended({ dir, filesystem, rounds, random, tick }: Contended): Promise<ContendedCell[]> {
  const names = Object.keys(sides)
  const order = Array.from({ length: 1 + rounds }, (_, round) =>
    shuffled(names, random).map((side): Turn => ({ side, alone: round === 0 })),
  ).flat()
  const outcomes = new Map(names.map(side => [side, [] as ReturnType<typeof outcomeOf>[]]))
  await race(import.meta.url, {
    ...{ dir, cast: { adder: processes }, rounds: order.length, timeout: order.length * 60_000, signal: stopped },
    before(round) {
      writeFileSync(turnIn(dir), JSON.stringify(order[round]))
      writeFileSync(counterIn(dir, round), zero)
    },
    after(results, round) {
      const { side, alone } = order[round] as Turn
      if (!alone) outcomes.get(side)?.push(outcomeOf(side, counterIn(dir, round), results))
      tick()
    },
  })
  return [...outcomes].map(([side, all]) => ({
    ...{ filesystem, side, perSecond: median(all.map(({ perSecond }) => perSecond)) },
    longestWait: median(all.map(({ longestWait }) => longestWait)),
  }))
}
