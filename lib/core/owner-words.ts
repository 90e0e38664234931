// What an owner says (./owner.ts): `<clock>-<place>-<pid>-<born>-<image>-<thread>-<born>` of a thread, `<place>-<pid>-<born>` of
// a process, and `<place>-<pid>-<born>-<thread>-<born>` of a thread that only waits.

import { isCertain } from './places.js'

/** An owner in parts. Those that only threads have are undefined for a process. */
export interface Owner {
  readonly clock: string | undefined
  readonly place: string
  readonly pid: number
  readonly born: string
  readonly image: string | undefined
  /** 0 for the main thread, and where it cannot be read. */
  readonly tid: number
  readonly threadBorn: string | undefined
}

export function parse(owner: string): Owner {
  const words = owner.split('-')
  const [clock, ...rest] = words.length === 7 ? words : [undefined, ...words]
  // One of five words is that of a waiting thread, which names no image.
  if (words.length === 5) rest.splice(3, 0, '0')
  const [place = '', pid = '', born = '', image, tid = '0', threadBorn] = rest
  return { clock, place, pid: toNumber(pid), born, image, tid: toNumber(tid), threadBorn }
}

export const toNumber = (text: string): number => Number.parseInt(text, 36) || 0

/** The pid of an owner, in its own place. */
export const pidOf = (owner: string): number => parse(owner).pid

/** The id of the thread as the system numbers it; undefined for the main thread, and where that does not show. */
export const threadIdOf = (owner: string): number | undefined => parse(owner).tid || undefined

/** Are the two in one pid namespace of one machine, as far as is known? */
export const shareSystem = (one: string, other: string): boolean => parse(one).place === parse(other).place

/** Usually it is asked of this very thread. */
let lastAsked = { owner: '', clock: undefined as string | undefined }

/** The place of its clock; undefined if it does not say. */
export function clockOf(owner: string): string | undefined {
  if (owner !== lastAsked.owner) lastAsked = { owner, clock: parse(owner).clock }
  return lastAsked.clock
}

/** Do the two read one monotonic clock, which stands still while the machine sleeps? */
export const shareClock = (one: string, other: string, platform = process.platform): boolean =>
  readsClock(clockOf(one), other, platform)

/** Is that its monotonic clock? */
export const readsClock = (clock: string | undefined, owner: string, platform = process.platform): boolean =>
  platform === 'linux' && clock !== undefined && isCertain(clock) && clock === clockOf(owner)

/** An owner in fewer words, by which it can still be judged: without the place of its clock, and its image. */
export function withoutClock(owner: string): string {
  const { place, pid, born, tid, threadBorn = '0' } = parse(owner)
  return [place, pid.toString(36), born, tid.toString(36), threadBorn].join('-')
}

/** The place of its pid. */
export const placeOf = (owner: string): string => parse(owner).place
