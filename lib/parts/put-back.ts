// What was set aside gets its own name back (./set-aside.ts).

import { basename } from 'node:path'
import { cannotLink, hasCode, isSystemError } from '../core/errors.js'
import { platform } from '../core/platform.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { discard, discardOnce } from './cleanup.js'
import { isInode } from './identity.js'
import { addFinding, namingPublicly } from './public-names.js'
import { renameDirectory } from './rename-directory.js'
import { ownerOf } from './stage-names.js'

/** A thing that has another name for a while. */
export interface Renamed {
  readonly path: Path
  readonly at: Path
}

/**
 * Gives what was set aside its name back, by a link, which replaces nothing. What cannot be linked is renamed: a
 * directory, which replaces an empty directory at most, and anything where there are no hard links. An `error` about it
 * then names the path that the caller knows; or says where the thing is, if it could not be put back.
 */
export function* putBack({ path, at }: Renamed, error?: unknown): Steps<void> {
  namingPublicly(error, at, path)
  try {
    yield* linkBack(at, path)
  } catch (failure) {
    if (yield* isThere(at)) addFinding(error, whereItIs(at))
    throw namingPublicly(failure, at, path)
  }
}

/**
 * The same, as a best effort. What had a private name before needs none again: if it cannot be put back, it is deleted, on
 * Windows in the background, when no other process has it open.
 */
export function* putBackOr(remove: () => Steps<unknown>, renamed: Renamed, error: unknown): Steps<void> {
  try {
    yield* putBack(renamed, error)
  } catch (failure) {
    if (!isSystemError(failure)) throw failure
    if (ownerOf(basename(String(renamed.path)))) yield* discardOnce(remove)
  }
}

/** What an error says of a thing that keeps the name `at`. */
export const whereItIs = (at: Path): string => `what was there could not be put back, and is at '${at}' now`

function* linkBack(at: Path, path: Path): Steps<void> {
  try {
    yield* fs.link(at, path)
  } catch (error) {
    if (!(yield* isLinkedBack(at, path, error))) return yield* renameBack(at, path)
  }
  yield* discard(() => fs.unlink(at))
}

/** On Windows a directory would take the place of a file that has the name now. */
function* renameBack(at: Path, path: Path): Steps<void> {
  const isDirectory = platform.isWindows && (yield* fs.lstat(at)).isDirectory()
  yield* isDirectory ? renameDirectory(at, path) : fs.rename(at, path)
}

/** After a link that failed: was it made all the same? If not, and a rename is no way either, throws the error. */
function* isLinkedBack(at: Path, path: Path, error: unknown): Steps<boolean> {
  if (cannotLink(error)) return false
  if (!hasCode(error, 'EEXIST')) throw error
  const was = yield* fs.lstat(at)
  if (was.isDirectory()) return false
  if (yield* isInode(path, was)) return true
  throw error
}

/** False also if that cannot be found out. */
export function* isThere(at: Path): Steps<boolean> {
  try {
    return (yield* fs.lstat(at, orNothing)) !== undefined
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}
