// How the door spells for Node what the alphabet says in words of its own.

import type { OpenFlags, Path } from './alphabet.js'

interface Constants {
  readonly O_RDONLY: number
  /** Windows has none of these. */
  readonly O_NOFOLLOW?: number
  readonly O_NONBLOCK?: number
  readonly O_DIRECTORY?: number
}

/** Linux's O_PATH, which Node does not name; the number is the same on every processor that Node runs on. */
const linuxPath = 0o10000000

export function nodeFlags(flags: OpenFlags, constants: Constants): string | number {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_DIRECTORY = 0 } = constants
  if (flags === 'r nonblock') return O_RDONLY | O_NONBLOCK
  if (flags === 'r directory')
    return (process.platform === 'linux' ? linuxPath : O_RDONLY | O_NONBLOCK) | O_DIRECTORY | O_NOFOLLOW
  return flags === 'r nofollow' ? O_RDONLY | O_NONBLOCK | O_NOFOLLOW : flags
}

/** The path by which a file that is open can be opened once more, although its own path may lead elsewhere by then. */
export const openPath = (fd: number, path: Path): Path => (process.platform === 'linux' ? `/proc/self/fd/${fd}` : path)
