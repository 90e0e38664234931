// A lock that this user may not make or change: the error says whose it is, and what helps.

import { dirname } from 'node:path'
import { hasCode, isSystemError } from '../../core/errors.js'
import type { Stats } from '../../core/stats.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { addFinding } from '../../parts/public-names.js'
import type { Locking } from '../job.js'

export const isDenied = (error: unknown): boolean => hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG')

/** Adds what can be seen of the lock to an error about it. */
export function* explainDenial(error: unknown, locking: Locking): Steps<void> {
  try {
    addFinding(error, `${yield* findCause(error, locking.dir)}${cureOf(locking)}`)
  } catch (another) {
    // Nothing can be seen of it.
    if (!isSystemError(another)) throw another
  }
}

function* findCause(error: unknown, dir: string): Steps<string> {
  const lock = `the lock '${dir}'`
  if (hasCode(error, 'EROFS')) return `${lock} would be made or changed on a filesystem that is read-only`
  if (hasCode(error, 'ENAMETOOLONG')) return `${lock}, and what is in it, must have names that are short enough`
  const there = yield* fs.lstat(dir, orNothing)
  if (there) return `${lock} ${rightsOf(there)}: its owner or root can change those, or remove it while it is free`
  return `${lock} would be made in a directory that ${rightsOf(yield* fs.stat(dirname(dir)))}`
}

/** Windows has neither. */
function rightsOf({ uid, gid, mode }: Stats): string {
  if (!process.geteuid) return 'has rights of its own'
  const bits = (Number(mode) & 0o1777).toString(8)
  return `belongs to user ${uid} and group ${gid} with mode ${bits}, and this is user ${process.geteuid()}`
}

/** Those functions that take a lock of their own accord have no such options. */
const cureOf = ({ trial }: Locking): string =>
  trial.as === 'createExclusive' || trial.as === 'sweep' ? '' : '; `lockDir` or `lockPath` would put it elsewhere'
