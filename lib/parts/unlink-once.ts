// Removes a file so that of several calls exactly one has done it. Elsewhere an unlink is that. On Windows several calls may
// all have unlinked one file, as far as they see, so the file gets a private name first: only one of them renames it.

import { platform } from '../core/platform.js'
import { fs, type Steps } from '../core/steps.js'
import type { Trial } from './achieve.js'
import { discard } from './cleanup.js'
import { deletesNow } from './delete-entry.js'
import { isGone } from './identity.js'
import { renameAside } from './rename-aside.js'

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
