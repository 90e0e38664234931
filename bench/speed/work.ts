// What is measured: a work, and one line for each package that does it.

import type { Form } from '../run/results.js'
import { atOnce, byCallbacks, type Call } from './floors.js'
import { sampled } from './sample.js'

/** One call: `path` is this call's own, `room` the directory in which one side works in one round, and nobody else. */
export type Act = (path: string, room: string) => unknown

/** By name: a package (`fs.promises` and `fs` are Node's own), several of them together, or a floor. */
export type Sides = Readonly<Record<string, Act>>

/** At most so many times what another side takes; on disks and in memory different things may be asked. */
export type AtMost = number | { readonly disk?: number; readonly memory?: number }

export interface Work {
  readonly name: string
  /** How many calls of each side are measured in one round. */
  readonly calls: number
  /** What is worked on stays, and each call finds what the one before has left: else each call has a path that is new. */
  readonly standing?: boolean
  /** What the path of a call goes on with. */
  readonly tail?: string
  /** Lays out what all calls of a side find in their room; not timed. */
  readonly furnish?: (room: string) => void
  /** Lays out what one call finds; not timed. */
  readonly lay?: Act
  readonly async: Sides
  readonly sync: Sides
  /** The calls that it cannot do without. */
  readonly floor?: (path: string, room: string) => readonly Call[]
  /** Sides that promise less than holdfast does, as writing in place does: being faster is no wonder. */
  readonly weaker?: readonly string[]
  /** What is asked of holdfast, by form and by the side that it is held against. */
  readonly asked?: { readonly [form in Form]?: Readonly<Record<string, AtMost>> }
  /** What is asked of it in microseconds, whatever others take. */
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

/** All sides of a work in one form, the floor among them. */
export function sidesOf({ floor, ...work }: Work, form: Form): Sides {
  if (!floor) return work[form]
  const act: Act =
    form === 'async' ? (path, room) => byCallbacks(floor(path, room)) : (path, room) => atOnce(floor(path, room))
  return { ...work[form], [floors[form]]: act }
}

/** The first calls make what stays, and are not what it takes from then on. */
const callsToSettle = 3

export interface Calls {
  readonly form: Form
  readonly act: Act
  readonly room: string
  /** What the paths of the calls begin with. */
  readonly stem: string
  readonly calls: number
}

/** Microseconds of each call of one side, in a room that is furnished. */
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
