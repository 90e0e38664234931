// Gives a thing a fresh name, by a rename: of several calls, one has done it.

import { hasCode, isSystemError, mayBeOpen, mountPointCodes } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { achieve, done, type Trial } from './achieve.js'
import { namingPublicly } from './public-names.js'
import { stageName } from './stage-names.js'

/** Renames what is at a path to a fresh name. Returns that name, or undefined if nothing was there. */
export function* renameAside<P extends Path>(
  path: P,
  trial: Trial,
  nameOf: (path: P) => Steps<P> = stageName,
): Steps<P | undefined> {
  const at = yield* nameOf(path)
  try {
    const wasThere = yield* achieve<boolean>(
      () => done(fs.rename(path, at), true),
      // No other call makes that name: if it is there, the reply was lost; if it is not, ENOENT is about the other.
      function* (error) {
        if (yield* fs.lstat(at, orNothing)) return true
        return hasCode(error, 'ENOENT') ? false : undefined
      },
      trial,
    )
    return wasThere ? at : undefined
  } catch (error) {
    throw namingPublicly(error, at, path)
  }
}

/**
 * The same of a file on Windows, which cannot be deleted either while it cannot be renamed, but where its directory allows no
 * new names: then it is unlinked. Returns true if it was, and false if nothing was there.
 */
export function* renameOrUnlink(path: Path, trial: Trial): Steps<Path | boolean> {
  try {
    return (yield* renameAside(path, { ...trial, never: mountPointCodes })) ?? false
  } catch (error) {
    if (!mayBeOpen(error) || !(yield* canUnlink(path))) throw error
    return true
  }
}

function* canUnlink(path: Path): Steps<boolean> {
  try {
    yield* fs.unlink(path)
    return true
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}
