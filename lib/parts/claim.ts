// A hard link as the exclusive step: it gives an inode a second name, and never replaces what has that name.

import { dirname } from 'node:path'
import { cannotLink, hasCode, type SystemError } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type Again, achieve, again, done, type Trial } from './achieve.js'
import { isFile, sameInode } from './identity.js'
import { giving } from './publish.js'

/** Gives the inode at `from` the name `path` too, unless a file has that name. Returns whether `path` is that inode. */
export function* claim(from: Path, path: Path, trial: Trial): Steps<boolean> {
  return (yield* linkExclusive(from, path, trial)) !== 'another'
}

/**
 * `linked`: this very call made the link. `already`: `path` is that inode, and who made it so is not known. `another`:
 * another file has the name.
 */
type Linked = 'linked' | 'already' | 'another'

/** The same, for a caller that must know whether it was this very call that made the link. */
export function* linkExclusive(from: Path, path: Path, trial: Trial): Steps<Linked> {
  try {
    return yield* achieve<Linked>(
      () => done(giving(trial.publication, path, fs.link(from, path)), 'linked'),
      error => statClaimed(from, path, error),
      trial,
    )
  } catch (error) {
    // A name can be made here if `from` is in this directory; then EACCES, too, is about links, as Android reports it.
    const here = dirname(String(from)) === dirname(String(path))
    if (!cannotLink(error) && !(here && hasCode(error, 'EACCES'))) throw error
    const message = `${trial.as} needs hard links, and the filesystem grants none here: ${path}`
    throw Object.assign(new Error(message, { cause: error }), { code: 'ERR_NO_HARD_LINKS', path: String(path) })
  }
}

function* statClaimed(from: Path, path: Path, error: SystemError): Steps<'already' | 'another' | Again | undefined> {
  const there = yield* fs.lstat(path, orNothing)
  // EEXIST, and nothing is there: the file that had the name has gone.
  if (!there) return hasCode(error, 'EEXIST') ? again : undefined
  // EEXIST may come from a retransmission of this very call: the first reply was lost.
  if (sameInode(there, yield* fs.lstat(from, orNothing))) return 'already'
  return (yield* isFile(path, there)) ? 'another' : undefined
}
