// How a command ends that does not succeed: the statuses of flock(1), timeout(1) and sysexits.

import { constants } from 'node:os'

export const status = {
  /** Held, there, or not kept. */
  no: 1,
  usage: 64,
  dataError: 65,
  noInput: 66,
  lockLost: 70,
  systemError: 71,
  ioError: 74,
  noPermission: 77,
  timedOut: 124,
  notExecutable: 126,
  notFound: 127,
} as const

/** The command line itself is wrong. */
export class UsageError extends Error {}

/** The command has said all that there is to say, and ends with this status. */
export class EndsWith extends Error {
  constructor(readonly status: number) {
    super(`ends with status ${status}`)
  }
}

/** The status of a program that a signal has ended, as shells have it. */
export const statusOfSignal = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

const statuses: Readonly<Record<string, number>> = {
  ERR_INVALID_ARG_TYPE: status.usage,
  ERR_INVALID_ARG_VALUE: status.usage,
  ERR_OUT_OF_RANGE: status.usage,
  ERR_LOCK_HELD: status.no,
  ERR_LOCK_MISMATCH: status.no,
  ERR_LOCK_NOT_HELD: status.no,
  ERR_MISSING_GUARANTEE: status.no,
  ERR_LEASE_LOST: status.lockLost,
  ERR_LEASE_STALE: status.lockLost,
  ERR_TIMEOUT: status.timedOut,
  ERR_INVALID_JSON: status.dataError,
  ERR_INVALID_CONTENT: status.dataError,
  ERR_ENCODING_INVALID_ENCODED_DATA: status.dataError,
  ERR_DIGEST: status.dataError,
  EEXIST: status.no,
  ENOTEMPTY: status.no,
  ENOENT: status.noInput,
  ENOTDIR: status.noInput,
  EACCES: status.noPermission,
  EPERM: status.noPermission,
  EROFS: status.noPermission,
}

export function statusOf(error: unknown): number {
  if (error instanceof EndsWith) return error.status
  if (error instanceof UsageError) return status.usage
  const { code, cause } = error as NodeJS.ErrnoException
  // A lock that was waited for until the time had passed.
  if (code === 'ERR_LOCK_HELD' && (cause as NodeJS.ErrnoException)?.code === 'ERR_TIMEOUT') return status.timedOut
  if (typeof code === 'string') return statuses[code] ?? status.ioError
  return status.systemError
}
