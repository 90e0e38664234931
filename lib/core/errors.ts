// System errors: which of them waiting may cure, which mean that links are impossible, and how to make one.

import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { platform } from './platform.js'

/** Every errno name of the platform, so that a misspelt code does not compile, and libuv's name for all others. */
export type Errno = keyof typeof constants.errno | 'UNKNOWN'

export type SystemError = NodeJS.ErrnoException & { errno: number; syscall: string }

/**
 * Did a call to the system fail? If not, the error is a bug, a refusal of bad input, or an abort.
 *
 * @param error Whatever was thrown.
 */
export function isSystemError(error: unknown): error is SystemError {
  const { errno, syscall } = (error ?? {}) as SystemError
  return typeof errno === 'number' && typeof syscall === 'string'
}

/**
 * Has an error one of these codes? It compares by number as well as by name, because Node has no name for some: ESTALE is
 * `Unknown system error -116`.
 *
 * @param error Whatever was thrown.
 * @param codes The names of errnos.
 */
export function hasCode(error: unknown, ...codes: readonly Errno[]): boolean {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException
  return codes.some(one => one === code || (errno !== undefined && one !== 'UNKNOWN' && errno === -numbers[one]))
}

const numbers: Record<Exclude<Errno, 'UNKNOWN'>, number> = constants.errno

/** Errors that waiting may cure. */
const transients: readonly Errno[] = ['EBUSY', 'EMFILE', 'ENFILE', 'EAGAIN', 'EINTR']

/** What Windows reports of a name that another process has open; EPERM and EACCES also where no waiting helps. */
const sharingViolations: readonly Errno[] = ['EBUSY', 'EPERM', 'EACCES']
export const mayBeOpen = (error: unknown): boolean => platform.isWindows && hasCode(error, ...sharingViolations)

/**
 * Errors of `link` where a link is impossible: to another device, on a filesystem without hard links, to an inode that
 * has too many. Windows fails with UNKNOWN for too many and EISDIR for none, macOS and some FUSE servers with ENOTSUP
 * or ENOSYS.
 */
const unlinkable: readonly Errno[] = ['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']
const unlinkableOnWindows: readonly Errno[] = ['UNKNOWN', 'EISDIR']
export const cannotLink = (error: unknown): boolean =>
  hasCode(error, ...unlinkable) || (platform.isWindows && hasCode(error, ...unlinkableOnWindows))

/** On POSIX a busy name is a mount point, and no waiting changes that. */
export const mountPointCodes: readonly Errno[] = platform.isWindows ? [] : ['EBUSY']

/** Was no descriptor free? */
export const isShortage = (error: unknown): boolean => hasCode(error, ...shortages)

export const shortages: readonly Errno[] = ['EMFILE', 'ENFILE']

export const isTransient = (error: unknown): boolean => hasCode(error, ...transients) || mayBeOpen(error)

/** Errors that no outer loop retries: an inner one has waited long enough, or knows that waiting cures nothing. */
const finalErrors = new WeakSet<SystemError>()

export function markFinal(error: unknown): unknown {
  if (isSystemError(error)) finalErrors.add(error)
  return error
}

export const isFinal = (error: unknown): boolean => isSystemError(error) && finalErrors.has(error)

/** Makes an error like the system's own, for a call that is refused without asking it. `why` says what was found. */
export function systemError(
  code: Errno,
  syscall: string,
  why: string,
  path: string | Buffer,
  dest?: string | Buffer,
): SystemError {
  const { errno, description } = errnoOf(code)
  const names = dest === undefined ? `'${path}'` : `'${path}' -> '${dest}'`
  const error = new Error(`${code}: ${description}, ${syscall} ${names} (${why})`)
  return Object.assign(error, {
    code,
    errno,
    syscall,
    path: String(path),
    ...(dest === undefined ? {} : { dest: String(dest) }),
  })
}

/** As Node spells it: libuv has numbers of its own for what the system does not number as POSIX does (Windows). */
export function errnoOf(code: Errno, table = getSystemErrorMap()): { errno: number; description: string } {
  const errno = -(numbers[code as keyof typeof numbers] ?? 0)
  const [name, description] = table.get(errno) ?? []
  if (name === code && description !== undefined) return { errno, description }
  for (const [its, [other, says]] of table) if (other === code) return { errno: its, description: says }
  return { errno, description: 'unknown error' }
}
