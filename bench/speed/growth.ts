// The time of a call when many calls are made at a time, and when the directory has many entries.

import { mkdirSync, writeFileSync } from 'node:fs'
import { remove } from 'holdfast'
import { median } from '../run/median.js'
import type { GrowthCell } from '../run/results.js'
import { stopped } from '../run/stop.js'
import { locking } from './locks.js'
import { named } from './measure.js'
import { leaf } from './mkdirp.js'
import { linking } from './names.js'
import { creating } from './publish.js'
import { type Rotation, rotate } from './rotate.js'
import { sampled } from './sample.js'
import { removingOne } from './trees.js'
import { type Act, samplesOf, sidesOf, type Work } from './work.js'
import { writing } from './write-file.js'

const both: readonly Work[] = [writing('1 KiB', 'none'), creating('none'), linking, locking]
export const concurrent: readonly Work[] = [...both, leaf]
export const crowded: readonly Work[] = [...both, removingOne]
const sidesCount = (work: Work): number => Object.keys(sidesOf(work, 'async')).length

export interface Growing extends Rotation {
  readonly filesystem: string
  readonly works: readonly Work[]
  readonly sizes: readonly number[]
}

/** Returns the number of measurements. */
export const measurements = ({
  works,
  sizes,
  rounds,
  warmUps,
}: Pick<Growing, 'works' | 'sizes' | 'rounds' | 'warmUps'>): number =>
  works.reduce((sum, work) => sum + sidesCount(work), 0) * sizes.length * (warmUps + rounds)

/** A small batch is repeated until at least this many calls are made. */
const leastCalls = 20

/** Returns microseconds per call, for each batch of `size` calls that are made at a time, each with its own path. */
async function togetherIn(room: string, act: Act, { furnish, lay, standing }: Work, size: number): Promise<number[]> {
  furnish?.(room)
  const times = Math.ceil(leastCalls / size)
  const batches = Array.from({ length: times }, (_, nth) =>
    Array.from({ length: size }, (_, n) => `${room}/${nth}-${n}`),
  )
  if (standing)
    for (const path of batches.flat()) {
      lay?.(path, room)
      await act(path, room)
    }
  let nth = -1
  const paths = (): string[] => batches[nth] as string[]
  const all = () => Promise.all(paths().map(path => act(path, room)))
  const samples = await sampled('async', times, all, () => {
    nth++
    for (const path of paths()) lay?.(path, room)
  })
  return samples.map(us => us / size)
}

export async function concurrently({ filesystem, works, sizes, ...rotation }: Growing): Promise<GrowthCell[]> {
  const cells: GrowthCell[] = []
  for (const work of works)
    for (const size of sizes) {
      const sides = Object.entries(sidesOf(work, 'async'))
      const taken = await rotate(sides, rotation, ([side, act], room) =>
        named(`${size} x ${work.name} by ${side}`, togetherIn(room, act, work, size)),
      )
      for (const [[side], all] of taken)
        cells.push({ filesystem, work: work.name, side, growing: 'calls at a time', size, median: median(all.flat()) })
    }
  return cells
}

const callsInCrowd = 20
/** Larger directories take long to lay out, so all sides share one; they add only a few per cent to its entries. */
const mostForEach = 10_000

export async function amongOthers({ filesystem, works, sizes, ...rotation }: Growing): Promise<GrowthCell[]> {
  const cells: GrowthCell[] = []
  for (const size of sizes) {
    const shared = size > mostForEach ? `${rotation.dir}/crowd of ${size}` : undefined
    if (shared) await furnished(shared, size, works)
    for (const work of works) {
      const taken = await rotate(Object.entries(sidesOf(work, 'async')), rotation, async ([side, act], own) => {
        const room = shared ?? (await furnished(`${own}/crowd`, size, [work]))
        return await named(`${work.name} by ${side}, ${size} entries`, oneAmong(room, work, act))
      })
      for (const [[side], all] of taken)
        cells.push({
          filesystem,
          work: work.name,
          side,
          growing: 'entries in the directory',
          size,
          median: median(all.flat()),
        })
    }
    if (shared) await remove(shared)
  }
  return cells
}

let turns = 0

/** Measures with names that no other turn in the same room uses. */
const oneAmong = (room: string, work: Work, act: Act): Promise<number[]> =>
  samplesOf(work, { form: 'async', act, room, stem: `turn ${turns++} `, calls: callsInCrowd })

const atATime = 1000

/** Makes a directory with `size` entries, and lays out what the works find there. */
async function furnished(room: string, size: number, works: readonly Work[]): Promise<string> {
  mkdirSync(room)
  for (let made = 0; made < size; made++) {
    writeFileSync(`${room}/entry ${made}`, '')
    // Lets signals come in, so that the run can be stopped.
    if (made % atATime === 0) await new Promise(setImmediate)
    stopped.throwIfAborted()
  }
  for (const work of works) work.furnish?.(room)
  return room
}
