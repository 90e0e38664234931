// Measures one work on one filesystem: all its sides.

import { median, quantile } from '../run/median.js'
import type { Form, SpeedCell } from '../run/results.js'
import { notThere } from './before-hooks.js'
import type { NativeFloor } from './native.js'
import { type Rotation, rotate } from './rotate.js'
import { floors, samplesOf, sidesOf, type Work } from './work.js'

interface Contestant {
  readonly side: string
  readonly form: Form
  /** Microseconds of each call in one round. */
  readonly samples: (room: string) => Promise<number[]>
}

export async function measure(
  work: Work,
  filesystem: string,
  native: NativeFloor | undefined,
  rotation: Rotation,
): Promise<SpeedCell[]> {
  const taken = await rotate(contestantsOf(work, native), rotation, (one, room) =>
    one.samples(room).catch(noneIfMissing),
  )
  return [...taken].flatMap(([{ side, form }, rounds]) => {
    const all = rounds.flat()
    if (all.length === 0) return []
    return {
      ...{ filesystem, work: work.name, side, form },
      ...{ median: median(all), p99: quantile(all, 0.99), calls: all.length },
      ...(work.weaker?.includes(side) && { weaker: true }),
    }
  })
}

/** A build before may lack what is measured: then it takes no part. */
function noneIfMissing(error: unknown): number[] {
  if ((error as NodeJS.ErrnoException).code === notThere) return []
  throw error
}

export const countOf = (work: Work, native: NativeFloor | undefined): number => contestantsOf(work, native).length

function contestantsOf(work: Work, native: NativeFloor | undefined): Contestant[] {
  const ours = (['async', 'sync'] as const).flatMap(form =>
    Object.entries(sidesOf(work, form)).map(([side, act]): Contestant => {
      const samples = async (room: string) => {
        work.furnish?.(room)
        try {
          return await samplesOf(work, { form, act, room, stem: '', calls: work.calls })
        } finally {
          await work.leave?.()
        }
      }
      return { side, form, samples: room => named(`${work.name} by ${side}`, samples(room)) }
    }),
  )
  if (!native?.works.includes(work.name)) return ours
  const samples = (room: string) => native.samples(work.name, room, work.calls)
  return [...ours, { side: floors.native, form: 'sync', samples }]
}

/** Names the side that failed in the message of its error. */
export async function named<T>(what: string, result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    if (error instanceof Error) error.message = `${what}: ${error.message}`
    throw error
  }
}
