// Paths that lead through the descriptor of a directory (`/proc/self/fd/7/name`). When the directory is closed, the next
// file gets its number, on any device. So what is known of such a path (./kernel-cache.ts) is kept under a key in which
// each directory that was opened has a number of its own.

import type { Call, Op } from '../alphabet.js'
import type { Path } from '../names.js'

const descriptors = '/proc/self/fd/'
const secondOfFleeting = descriptors.charCodeAt(1)

/** Does the path lead through a descriptor? */
export const isFleeting = (path: unknown): path is string =>
  // Few other paths begin with the same two characters, and to compare those takes much less time.
  typeof path === 'string' && path.charCodeAt(1) === secondOfFleeting && path.startsWith(descriptors)

/** The path by which the system finds what has this key, as long as its directory is open. */
export const realPath = (key: string): string => (isFleeting(key) ? key.replace(/#\d+/, '') : key)

/** Is it the key of a directory that is open, and not of something in it? */
export const isKeyOfOpen = (key: string): boolean => isFleeting(key) && !key.includes('/', descriptors.length)

/** Their second argument is a path, too. */
const ofTwoPaths: readonly Op[] = ['rename', 'link', 'symlink']

export class HeldPaths {
  /** By the descriptor: the key of the directory. */
  readonly #keys = new Map<number, string>()
  #opened = 0

  /** A directory was opened. Returns its key. */
  add(fd: number): string {
    const key = `${descriptors}${fd}#${++this.#opened}`
    this.#keys.set(fd, key)
    return key
  }

  keyOf(fd: unknown): string | undefined {
    return this.#keys.get(fd as number)
  }

  drop(fd: number): void {
    this.#keys.delete(fd)
  }

  /** The call with keys in the place of such paths; undefined if one of them leads through an unknown descriptor. */
  spell(call: Call): Call | undefined {
    const { op, args } = call
    const first = args[0] as Path
    const second = args[1]
    const hasTwo = isFleeting(second) && ofTwoPaths.includes(op)
    if (!isFleeting(first) && !hasTwo) return call
    const one = this.#keyAt(first)
    const other = hasTwo ? this.#keyAt(second) : second
    if (one === undefined || (hasTwo && other === undefined)) return undefined
    return { op, args: [one, other, ...args.slice(2)] }
  }

  #keyAt(path: Path): Path | undefined {
    if (!isFleeting(path)) return path
    const slash = path.indexOf('/', descriptors.length)
    const end = slash < 0 ? path.length : slash
    const key = this.#keys.get(Number(path.slice(descriptors.length, end)))
    return key === undefined ? undefined : key + path.slice(end)
  }
}
