// Windows reports EPERM of a name that another process has open, and waiting cures that. It reports the same of a directory
// in the way, of a read-only file and of a missing right, where no waiting helps. A look finds out which it is.

import { hasCode, isSystemError, type SystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { discard, tidy } from './cleanup.js'
import { isInode } from './identity.js'
import { stageName } from './stage-names.js'
import { dirOf } from './tree.js'

/** A file that is read-only, and what it was. */
export interface ReadOnly {
  readonly path: Path
  readonly was: Stats
}

/** `denied`: no waiting helps. A read-only file is what cannot be replaced or removed. */
type Denial = 'denied' | ReadOnly | undefined

/**
 * Is it certain that no waiting helps? A read-only file that is to be replaced or removed is made writable, because that is
 * what its directory allows, as on POSIX. It is added to `cleared`: if the call fails all the same, it is read-only again.
 */
export function* isDenied(error: SystemError, cleared: ReadOnly[]): Steps<boolean> {
  const denial = yield* denialOf(error)
  if (typeof denial === 'object') yield* tidy(clear(denial, cleared))
  return denial === 'denied'
}

function* clear(file: ReadOnly, cleared: ReadOnly[]): Steps<void> {
  cleared.push(file)
  yield* fs.chmod(file.path, 0o666)
}

/** Makes files read-only again that are still there. */
export function* makeReadOnly(cleared: readonly ReadOnly[]): Steps<void> {
  for (const { path, was } of cleared) yield* tidy(restore(path, was))
}

function* restore(path: Path, was: Stats): Steps<void> {
  if (yield* isInode(path, was)) yield* fs.chmod(path, Number(was.mode & 0o777n))
}

/** Undefined: another process may have it open, as far as can be seen. */
function* denialOf(error: SystemError & { dest?: string }): Steps<Denial> {
  const { syscall, path, dest } = error
  if (!hasCode(error, 'EPERM', 'EACCES') || path === undefined) return undefined
  try {
    switch (syscall) {
      case 'rename':
        return yield* denialOfName(dest ?? path, 'replace')
      case 'unlink':
        return yield* denialOfName(path, 'replace')
      case 'link':
        if ((yield* fs.lstat(path, orNothing))?.isDirectory()) return 'denied'
        return yield* denialOfName(dest ?? path, 'make')
      case 'open':
        return yield* denialOfName(path, 'open')
      // It opens nothing that is there: the right to make links is what is missing.
      case 'symlink':
        return 'denied'
      case 'mkdir':
      case 'copyfile':
        return yield* denialOfName(dest ?? path, 'make')
      default:
        return undefined
    }
  } catch (failure) {
    // A name that is being deleted cannot be looked at, and is gone soon.
    if (!isSystemError(failure)) throw failure
    return undefined
  }
}

function* denialOfName(path: string, want: 'replace' | 'make' | 'open'): Steps<Denial> {
  const there = yield* fs.lstat(path, orNothing)
  if (!there) return (yield* mayMakeBeside(path)) ? undefined : 'denied'
  if (there.isDirectory()) return 'denied'
  if (want === 'replace') return isReadOnly(there) ? { path, was: there } : undefined
  // A file that is open elsewhere is EBUSY for those that open it; one that is being deleted is not there for this call.
  return want === 'open' && (yield* fs.exists(path)) ? 'denied' : undefined
}

export const isReadOnly = ({ mode }: Stats): boolean => (mode & 0o222n) === 0n

/** May this process make names there? */
function* mayMakeBeside(path: string): Steps<boolean> {
  const dir = dirOf(path)
  if (!(yield* fs.stat(dir, orNothing))?.isDirectory()) return true
  const name = yield* stageName(path)
  try {
    yield* fs.mkdir(name)
  } catch (error) {
    return !hasCode(error, 'EPERM', 'EACCES')
  }
  yield* discard(() => fs.rmdir(name))
  return true
}
