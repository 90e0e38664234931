// Removes a file, or an empty directory, so that of several calls exactly one has done it. Elsewhere unlink and rmdir are that.
// On Windows several calls may all have removed one thing, as far as they see, so it gets a private name first: only one of
// them renames it.

import { hasCode, mayBeOpen } from '../core/errors.js'
import { platform } from '../core/platform.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import type { Trial } from './achieve.js'
import { cleaningUp, discard, tidy } from './cleanup.js'
import { deletesNow } from './delete-entry.js'
import { isGone } from './identity.js'
import { namingPublicly } from './public-names.js'
import { renameAside } from './rename-aside.js'
import { renameDirectory } from './rename-directory.js'
import { stageName } from './stage-names.js'

/** Returns whether this call removed it. The name is never used again, so what has it is what was meant. */
export function* unlinkOnce(path: string, trial: Trial, nameOf?: (path: string) => Steps<string>): Steps<boolean> {
  const isTaken = platform.isWindows ? yield* take(path, trial, nameOf) : undefined
  return isTaken ?? (yield* deletesNow(path, fs.unlink(path)))
}

/** Undefined: it is still there, because the directory of the private name is missing. */
function* take(path: string, trial: Trial, nameOf?: (path: string) => Steps<string>): Steps<boolean | undefined> {
  const at = yield* renameAside(path, trial, nameOf)
  if (at === undefined) return (yield* isGone(path)) ? false : undefined
  yield* discard(() => fs.unlink(at))
  return true
}

/** Returns whether this call removed the directory. What is not empty any more, or cannot be removed, keeps its name. */
export function* rmdirOnce(path: Path): Steps<boolean> {
  if (!platform.isWindows) return yield* deletesNow(path, fs.rmdir(path))
  const at = yield* stageName(path)
  try {
    yield* fs.rename(path, at)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    // Its own directory may allow no new names.
    if (mayBeOpen(error)) return yield* deletesNow(path, fs.rmdir(path))
    throw error
  }
  try {
    yield* fs.rmdir(at)
    return true
  } catch (error) {
    yield* cleaningUp(() => tidy(renameDirectory(at, path)))
    throw namingPublicly(error, at, path)
  }
}
