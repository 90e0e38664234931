// What is measured: a work, with one line for each package that does it.

import type { Form } from '../run/results.js'
import { atOnce, byCallbacks, type Call } from './floors.js'
import { sampled } from './sample.js'

/** One call. `path` is this call's own; `room` is the directory in which only this side works in this round. */
export type Act = (path: string, room: string) => unknown

/** By name: a package (`fs.promises` and `fs` are Node's own), several of them together, or a floor. */
export type Sides = Readonly<Record<string, Act>>

/** At most this many times the time of another side; a target may differ between disks and memory. */
export type AtMost = number | { readonly disk?: number; readonly memory?: number }

export interface Work {
  readonly name: string
  /** The number of calls of each side that are measured in one round. */
  readonly calls: number
  /** All calls use one path, and each finds what the one before it left. Otherwise each call has a new path. */
  readonly standing?: boolean
  /** The end of each call's path. */
  readonly tail?: string
  /** Lays out what all calls of a side find in their room; not timed. */
  readonly furnish?: (room: string) => void
  /** Lays out what one call finds; not timed. */
  readonly lay?: Act
  /** Closes what a side has opened in its room; not timed. */
  readonly leave?: () => Promise<void>
  readonly async: Sides
  readonly sync: Sides
  /** The calls that no implementation can do without. */
  readonly floor?: (path: string, room: string) => readonly Call[]
  /** Sides that promise less than holdfast does, for example because they write in place: they may well be faster. */
  readonly weaker?: readonly string[]
  /** The targets of holdfast, by form and by the side that it is compared with. */
  readonly asked?: { readonly [form in Form]?: Readonly<Record<string, AtMost>> }
  /** The targets of holdfast in microseconds, whatever the times of others. */
  readonly askedUs?: { readonly [form in Form]?: AtMost }
}

/** Works that are shown in one table. */
export interface Family {
  readonly name: string
  readonly works: readonly Work[]
}

export const holdfast = 'holdfast'
export const floors = { async: 'floor: callbacks', sync: 'floor: sync', native: 'floor: C' } as const
export const isFloor = (side: string): boolean => side.startsWith('floor: ')

/** Returns all sides of a work in one form, with the floor among them. */
export function sidesOf({ floor, ...work }: Work, form: Form): Sides {
  if (!floor) return work[form]
  const act: Act =
    form === 'async' ? (path, room) => byCallbacks(floor(path, room)) : (path, room) => atOnce(floor(path, room))
  return { ...work[form], [floors[form]]: act }
}

/** The first calls on a standing path create what stays there, and take another time than those that follow. */
const callsToSettle = 3

export interface Calls {
  readonly form: Form
  readonly act: Act
  readonly room: string
  /** The beginning of the names that the calls use. */
  readonly stem: string
  readonly calls: number
}

/** Returns the microseconds of each call of one side, in a furnished room. */
export async function samplesOf(work: Work, { form, act, room, stem, calls }: Calls): Promise<number[]> {
  const { standing, tail = '', lay } = work
  const paths = Array.from({ length: standing ? 1 : calls }, (_, n) => `${room}/${stem}${n}${tail}`)
  const settling = standing ? callsToSettle : 0
  let call = 0
  let path = ''
  const before = () => {
    path = paths[call++ % paths.length] as string
    lay?.(path, room)
  }
  for (let nth = 0; nth < settling; nth++) {
    before()
    await act(path, room)
  }
  return await sampled(form, calls, () => act(path, room), before)
}
