import { basename } from 'node:path'
import { dual } from './core/dual.js'
import { hasCode, isSystemError, mounted, systemError } from './core/errors.js'
import { asConcurrency, asFunction, asPath, type Patience, type Progress, refusal } from './core/input.js'
import { fs, orNothing, type Path, type Steps } from './core/steps.js'
import { achieve, type Trial, tidy } from './parts/achieve.js'
import { type Discard, discard } from './parts/delete-tree.js'
import { stageName } from './parts/stage.js'

export interface RemoveOptions extends Patience {
  /** How many things are deleted at a time. @default 64 */
  readonly concurrency?: number | undefined
  /** Called for each thing that is deleted; `bytes` stays 0. An error that it throws ends the work. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Removes a file, a link, or a directory with all that is in it.
 *
 * Holds afterwards: at an instant after the call began nothing was at `path`: for everybody, at once, the whole of it. A
 * directory gets a private name first and is deleted under that, so what others do inside it meanwhile is in nobody's
 * way. Links are removed, and never followed. Read-only directories of the caller's own are no obstacle.
 *
 * Not promised: that nobody makes it anew. Where a directory cannot be renamed (lower layers of overlayfs, a disk that is
 * full) it is deleted in place, and not at once. Whoever is killed on the way leaves a private name, for `sweep`. If
 * something cannot be deleted, or the call is stopped, what is left is put back under its name. Nothing is promised
 * against somebody who, on purpose, puts links in the place of directories inside.
 *
 * @param path A path, or a `file:` URL. The root of a filesystem, `.` and `..` are refused.
 * @returns True: this call took it away. False: nothing was there, or somebody else took it away.
 * @throws EBUSY: it is a mount point, or there is one inside, which is named (`error.path`) and not touched. What else
 *   the system said, unchanged: EACCES, EPERM, EROFS ... ENOTEMPTY when somebody who has the directory open went on making
 *   things in it for all of `retryFor`.
 *
 * @example
 * await remove('node_modules', { onProgress: ({ done, total }) => bar.update(done, { total }) })
 */
export const remove = dual(function* remove(path: string | URL, options: RemoveOptions = {}): Steps<boolean> {
  const at = asName(path, 'path')
  const trial = { as: 'remove', path: at, retryFor: options.retryFor }
  return yield* takeAway(at, asDiscard(options), trial)
})

export const asDiscard = ({ concurrency, onProgress }: RemoveOptions): Discard => ({
  concurrency: asConcurrency(concurrency),
  onProgress: asFunction(onProgress, 'options.onProgress'),
  sum: { done: 0, total: 0, bytes: 0 },
})

/** The name itself: a slash at its end would lead through a link. */
export function asName(value: unknown, argument: string): string {
  const path = asPath(value, argument)
  const name = basename(path)
  if (name === '' || name === '.' || name === '..')
    throw refusal('ERR_INVALID_ARG_VALUE', argument, 'the path of a name in a directory, not of a root', value)
  return path.slice(0, path.lastIndexOf(name) + name.length)
}

/** Takes away what is at a path; answers whether this call did. */
export function* takeAway(path: Path, how: Discard, trial: Trial): Steps<boolean> {
  const met = yield* detach(path, how, trial)
  if (typeof met === 'boolean') return met
  yield* dispose(met, how, trial)
  return true
}

/** A directory that is on its way out. */
export interface Outgoing {
  readonly path: Path
  /** Its private name; or its own, where it cannot have another. */
  readonly at: Path
}

/** In one call nothing is there any more: true if it was by this call, false if nothing was. A directory is then deleted. */
export function* detach(path: Path, how: Discard, trial: Trial): Steps<boolean | Outgoing> {
  return yield* achieve(
    () => tryDetach(path, how),
    () => isNothing(path),
    { ...trial, never: mounted },
  )
}

function* isNothing(path: Path): Steps<true | undefined> {
  return (yield* fs.lstat(path, orNothing)) ? undefined : true
}

function* tryDetach(path: Path, { sum }: Discard): Steps<boolean | Outgoing> {
  try {
    yield* fs.unlink(path)
    sum.done++
    sum.total++
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false
    // Linux says EISDIR of a directory, POSIX EPERM, Windows one or the other.
    if (!hasCode(error, 'EISDIR', 'EPERM', 'EACCES')) throw error
    const there = yield* fs.lstat(path, orNothing)
    if (!there) return false
    if (!there.isDirectory()) throw error
  }
  return yield* setAside(path)
}

/** Gives it a private name; false if nothing is there. */
export function* setAside(path: Path): Steps<false | Outgoing> {
  const aside = yield* stageName(path)
  try {
    yield* fs.rename(path, aside)
    return { path, at: aside }
  } catch (error) {
    // The reply was lost: nobody else makes this name.
    if (isSystemError(error) && (yield* fs.lstat(aside, orNothing))) return { path, at: aside }
    if (hasCode(error, 'ENOENT')) return false
    if (hasCode(error, 'EXDEV', 'ENOSPC', 'EDQUOT')) return { path, at: path }
    if (hasCode(error, ...mounted)) throw systemError('EBUSY', 'rename', 'it is a mount point', path)
    throw error
  }
}

/** Deletes it. What could not be deleted gets its name back, if that is free. */
export function* dispose(outgoing: Outgoing, how: Discard, trial: Trial): Steps<void> {
  try {
    yield* deleteAside(outgoing, how, trial)
  } catch (error) {
    if (outgoing.at !== outgoing.path) yield* tidy(putBack(outgoing, error))
    throw error
  }
}

export function* deleteAside({ at }: Outgoing, how: Discard, trial: Trial): Steps<void> {
  yield* achieve(
    () => discarded(at, how),
    () => isNothing(at),
    // Whoever has it open may still make things in it.
    { ...trial, also: ['ENOTEMPTY', 'EEXIST'], never: mounted },
  )
}

function* discarded(at: Path, how: Discard): Steps<true> {
  yield* discard(at, 'directory', how)
  return true
}

/** The error, too, then speaks of the name that the caller knows. */
export function* putBack({ path, at }: Outgoing, error: unknown): Steps<void> {
  // Where somebody has made an empty directory meanwhile, that is replaced, and nothing is lost.
  yield* fs.rename(at, path)
  if (!isSystemError(error)) return
  error.message = error.message.replaceAll(String(at), String(path))
  if (error.path) error.path = error.path.replace(String(at), String(path))
}
