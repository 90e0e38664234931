// A sweep under way, and what has come of it.

import { hasCode, isSystemError } from '../core/errors.js'
import type { Trial } from '../parts/achieve.js'
import type { DeleteJob } from '../parts/delete-job.js'
import { nameAsShown, type OpenDirectory } from '../parts/directory-handle.js'

export interface Sweeping {
  readonly graceMs: number
  readonly recursive: boolean
  readonly dryRun: boolean
  /** Locks that are free, too. */
  readonly locks: boolean
  readonly deletion: DeleteJob
  readonly trial: Trial
  readonly swept: string[]
  /** The first error of a name that could not be removed, or of a directory that could not be read. */
  failure: Error | undefined
}

/** An error about a name in `dir`: the other names are tried all the same. */
export function noteFailure(job: Sweeping, error: unknown, dir?: OpenDirectory): false {
  if (!isSystemError(error)) throw error
  nameAsShown(error, dir)
  job.failure ??= error
  return false
}

/** An error of a directory below. If it is gone, or something else is in its place now, there is nothing to sweep. */
export function noteUnlessGone(job: Sweeping, error: unknown): void {
  if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) noteFailure(job, error)
}
