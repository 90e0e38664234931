// What can go wrong, and how it is told: by the platform's own names, typed, so that a misspelt one does not compile.

import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** Every errno name the platform knows, so that a misspelt code does not compile; and libuv's word for the others. */
export type Errno = keyof typeof constants.errno | 'UNKNOWN'

export type SystemError = NodeJS.ErrnoException & { errno: number; syscall: string }

/** What went wrong was a call to the system, and not a bug, a refusal, or an abort. */
export function isSystemError(error: unknown): error is SystemError {
  const { errno, syscall } = (error ?? {}) as SystemError
  return typeof errno === 'number' && typeof syscall === 'string'
}

/** By number as well as by name: Node calls ESTALE and EDQUOT `Unknown system error -116`. */
export function hasCode(error: unknown, ...codes: readonly Errno[]): boolean {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException
  return codes.some(one => one === code || (errno !== undefined && one !== 'UNKNOWN' && errno === -numbers[one]))
}

const numbers: Record<Exclude<Errno, 'UNKNOWN'>, number> = constants.errno

const onWindows = process.platform === 'win32'

/** What goes away by waiting. On POSIX EPERM and EACCES never do; on Windows an open handle causes them. */
const transients: readonly Errno[] = onWindows
  ? ['EBUSY', 'EMFILE', 'ENFILE', 'EAGAIN', 'EPERM', 'EACCES']
  : ['EBUSY', 'EMFILE', 'ENFILE', 'EAGAIN', 'EINTR']

/**
 * What `link` says where it cannot link at all: another device, no hard links here, too many of them. Windows says
 * UNKNOWN for too many and EISDIR for none; macOS and some FUSE servers say ENOTSUP or ENOSYS.
 */
const unlinkable: readonly Errno[] = ['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']
const unlinkableOnWindows: readonly Errno[] = ['UNKNOWN', 'EISDIR']
export const cannotLink = (error: unknown): boolean =>
  hasCode(error, ...unlinkable) || (onWindows && hasCode(error, ...unlinkableOnWindows))
/** On POSIX a name that is busy is a mount point, and stays one however long one waits. */
export const mountPointCodes: readonly Errno[] = onWindows ? [] : ['EBUSY']

export const isTransient = (error: unknown): boolean => hasCode(error, ...transients)

/** An error as the system makes it, for what is refused before the system is asked; `why` says what was found. */
export function systemError(
  code: Errno,
  syscall: string,
  why: string,
  path: string | Buffer,
  dest?: string | Buffer,
): SystemError {
  const [, said = 'unknown error'] = getSystemErrorMap().get(-numberOf(code)) ?? []
  const names = dest === undefined ? `'${path}'` : `'${path}' -> '${dest}'`
  const error = new Error(`${code}: ${said}, ${syscall} ${names} (${why})`)
  return Object.assign(error, {
    code,
    errno: -numberOf(code),
    syscall,
    path: String(path),
    ...(dest === undefined ? {} : { dest: String(dest) }),
  })
}

const numberOf = (code: Errno): number => numbers[code as keyof typeof numbers] ?? 0
