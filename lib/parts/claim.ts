// Deciding by identity: who has a name is told by the inode there, never by an errno or by the name's presence.

import { dirname } from 'node:path'
import { cannotLink, hasCode, isSystemError, type SystemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type Again, achieve, again, type Trial } from './achieve.js'

/** One inode. Only worth asking while something keeps its number from being used again: a name, an open descriptor. */
export const same = (a: Stats | undefined, b: Stats | undefined): boolean =>
  a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev

/**
 * Gives the inode at `from` the name `path` too, unless a file has that name already.
 *
 * True: it is ours. False: another's file is there.
 */
export function* claim(from: Path, path: Path, trial: Trial): Steps<boolean> {
  return (yield* stake(from, path, trial)) !== 'another'
}

/** The same, for who must know whether it was this very call that gave it the name: `already` says that nobody can tell. */
export function* stake(from: Path, path: Path, trial: Trial): Steps<'linked' | 'already' | 'another'> {
  try {
    return yield* achieve<'linked' | 'already' | 'another'>(
      () => linked(from, path),
      error => isOurs(from, path, error),
      trial,
    )
  } catch (error) {
    // Names can be made here if `from` is one of them; and then EACCES, too, is about links (Android says so).
    const here = dirname(String(from)) === dirname(String(path))
    if (!cannotLink(error) && !(here && hasCode(error, 'EACCES'))) throw error
    const message = `${trial.as} needs hard links, and the filesystem grants none here: ${path}`
    throw Object.assign(new Error(message, { cause: error }), { code: 'ERR_NO_HARD_LINKS', path: String(path) })
  }
}

function* linked(from: Path, path: Path): Steps<'linked'> {
  yield* fs.link(from, path)
  return 'linked'
}

function* isOurs(from: Path, path: Path, error: SystemError): Steps<'already' | 'another' | Again | undefined> {
  const there = yield* fs.lstat(path, orNothing)
  // EEXIST, and nothing is there: whoever had the name has gone.
  if (!there) return hasCode(error, 'EEXIST') ? again : undefined
  // EEXIST may be the echo of our own link: the reply was lost, and the call was made twice.
  if (same(there, yield* fs.lstat(from, orNothing))) return 'already'
  return (yield* isFile(path, there)) ? 'another' : undefined
}

/** Is a file there, or a link to one? `there` is what was seen at its name. What cannot be seen is not there. */
export function* isFile(path: Path, there?: Stats): Steps<boolean> {
  try {
    const seen = there ?? (yield* fs.lstat(path, orNothing))
    if (!seen?.isSymbolicLink()) return seen?.isFile() ?? false
    return (yield* fs.stat(path, orNothing))?.isFile() ?? false
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}
