// A hard link as the exclusive step: it gives an inode a second name, and never replaces what has that name.

import { dirname } from 'node:path'
import { cannotLink, hasCode, isSystemError, type SystemError } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type Again, achieve, again, done, type Trial } from './achieve.js'
import { isFile, sameInode } from './identity.js'
import { addFinding } from './public-names.js'
import { giving } from './publish.js'
import { staged } from './stage.js'
import { stageName } from './stage-names.js'

/**
 * Gives `from`, a fresh private file, the name `path` too, unless a file has that name. Returns whether `path` is that
 * inode.
 */
export function* claim(from: Path, path: Path, trial: Trial): Steps<boolean> {
  try {
    return (yield* tryClaim(from, path, trial)) !== 'another'
  } catch (error) {
    // What is true of a file that this call has just made is true of all files here.
    throw isAboutLinks(error, from, path) ? noHardLinks(error, path, trial) : error
  }
}

/**
 * `linked`: this very call made the link. `already`: `path` is that inode, and who made it so is not known. `another`:
 * another file has the name.
 */
type Linked = 'linked' | 'already' | 'another'

/**
 * The same for any file, for a caller that must know whether it was this very call that made the link. If other files
 * can be linked here, and this one cannot, the error of the system comes out.
 */
export function* linkExclusive(from: Path, path: Path, trial: Trial): Steps<Linked> {
  try {
    return yield* tryClaim(from, path, trial)
  } catch (error) {
    // EXDEV is about two places, and not about this one.
    if (!isAboutLinks(error, from, path) || hasCode(error, 'EXDEV')) throw error
    if ((yield* fs.lstat(from, orNothing))?.isDirectory()) throw noHardLinks(error, path, trial, 'a directory has none')
    const granted = yield* grantsLinks(path)
    if (granted === false) throw noHardLinks(error, path, trial)
    if (granted) addFinding(error, 'other files can be linked here, and this one cannot')
    throw error
  }
}

const tryClaim = (from: Path, path: Path, trial: Trial): Steps<Linked> =>
  achieve<Linked>(
    () => done(giving(trial.publication, path, fs.link(from, path)), 'linked'),
    error => statClaimed(from, path, error),
    trial,
  )

/** A name can be made here if `from` is in this directory; then EACCES, too, is about links, as Android reports it. */
const isAboutLinks = (error: unknown, from: Path, path: Path): boolean =>
  cannotLink(error) || (hasCode(error, 'EACCES') && dirname(String(from)) === dirname(String(path)))

function noHardLinks(cause: unknown, path: Path, { as }: Trial, why = 'the filesystem grants none here'): Error {
  const error = new Error(`${as} needs hard links, and ${why}: '${path}'`, { cause })
  return Object.assign(error, { code: 'ERR_NO_HARD_LINKS', path: String(path) })
}

/** Can a fresh private file be linked beside `path`? Undefined if that cannot be found out. */
function* grantsLinks(path: Path): Steps<boolean | undefined> {
  const second = yield* stageName(path)
  try {
    return yield* staged(
      path,
      makeEmpty,
      stage => done(fs.link(stage.path, second), true),
      () => [fs.unlink(second)],
    )
  } catch (error) {
    if (!isSystemError(error)) throw error
    return error.syscall === 'link' && isAboutLinks(error, path, path) ? false : undefined
  }
}

function* makeEmpty(path: Path): Steps<void> {
  yield* fs.close(yield* fs.open(path, 'wx', 0o600))
}

function* statClaimed(from: Path, path: Path, error: SystemError): Steps<'already' | 'another' | Again | undefined> {
  const there = yield* fs.lstat(path, orNothing)
  // EEXIST, and nothing is there: the file that had the name has gone.
  if (!there) return hasCode(error, 'EEXIST') ? again : undefined
  // EEXIST may come from a retransmission of this very call: the first reply was lost.
  if (sameInode(there, yield* fs.lstat(from, orNothing))) return 'already'
  return (yield* isFile(path, there)) ? 'another' : undefined
}
