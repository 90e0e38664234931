// How the door spells for Node what the alphabet says in words of its own.

import type { OpenFlags, Path } from './names.js'

interface Constants {
  readonly O_RDONLY: number
  readonly O_WRONLY: number
  readonly O_RDWR: number
  readonly O_CREAT: number
  readonly O_TRUNC: number
  readonly O_APPEND: number
  /** Windows has none of these. */
  readonly O_NOFOLLOW?: number
  readonly O_NONBLOCK?: number
  readonly O_DIRECTORY?: number
}

/** Linux's O_PATH, which Node does not name; the number is the same on every processor that Node runs on. */
const linuxPath = 0o10000000

export function nodeFlags(flags: OpenFlags, constants: Constants): string | number {
  const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = constants
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_DIRECTORY = 0 } = constants
  switch (flags) {
    case 'r nonblock':
      return O_RDONLY | O_NONBLOCK
    case 'r nofollow':
      return O_RDONLY | O_NONBLOCK | O_NOFOLLOW
    case 'r directory':
      return (process.platform === 'linux' ? linuxPath : O_RDONLY | O_NONBLOCK) | O_DIRECTORY | O_NOFOLLOW
    case 'rewrite':
      return O_WRONLY
    case 'rewrite nofollow':
      return O_WRONLY | O_NONBLOCK | O_NOFOLLOW
    case 'w nofollow':
      return O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOFOLLOW
    case 'w+ nofollow':
      return O_RDWR | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOFOLLOW
    case 'a+ nofollow':
      return O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_NOFOLLOW
    default:
      return flags
  }
}

/** The path by which a file that is open can be opened once more, although its own path may lead elsewhere by then. */
export const openPath = (fd: number, path: Path): Path => (process.platform === 'linux' ? `/proc/self/fd/${fd}` : path)

/** Node takes a number below 0 for the present time, and a text for the number that it spells. */
export const nodeTime = (seconds: number): number | string => (seconds < 0 ? String(seconds) : seconds)

/** What Node is given for a clone. Without the force it would go on to copy the bytes, in a loop that may never end. */
export function cloneArguments(
  source: number,
  from: Path,
  to: Path | number,
  { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE }: CloneConstants,
): [Path, Path, number] {
  if (typeof to !== 'number') return [openPath(source, from), to, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE]
  return [openPath(source, from), `/proc/self/fd/${to}`, COPYFILE_FICLONE_FORCE]
}

interface CloneConstants {
  readonly COPYFILE_EXCL: number
  readonly COPYFILE_FICLONE_FORCE: number
}
