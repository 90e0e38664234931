// A thing is made ready at a private name beside its target, and published in one step. A process that is killed leaves
// at most such a name (./stage-names.ts), never a half-made target.

import { hasCode, type SystemError } from '../core/errors.js'
import { fs, noSteps, type Path, type Steps } from '../core/steps.js'
import { cleaningUp, discard, discardAll, tidy } from './cleanup.js'
import { addFinding, namingPublicly } from './public-names.js'
import { stageName } from './stage-names.js'

/** A thing that is ready to be published. */
export interface Staged<T, P extends Path = string> {
  readonly path: P
  readonly made: T
  /** Set by the caller that publishes it by a rename: nothing has the private name any more. */
  spent: boolean
}

/** How many private names are tried. Another is needed only after a retransmission of the call that made the last. */
const mostNames = 3

/**
 * Makes something at a private name beside `target`, passes it to `use`, and removes the name afterwards, together with
 * whatever `release` gives back.
 */
export function* staged<M, T, P extends Path = string>(
  target: P,
  make: (path: P) => Steps<M>,
  use: (stage: Staged<M, P>) => Steps<T>,
  release: (made: M) => Steps<unknown>[] = () => [],
  names = mostNames,
  nameOf: (target: P) => Steps<P> = stageName,
): Steps<T> {
  const path = yield* nameOf(target)
  let stage: Staged<M, P> | undefined
  try {
    stage = { path, made: yield* make(path), spent: false }
    return yield* use(stage)
  } catch (error) {
    // No other process makes this name, so EEXIST comes from a retransmission of our own call: take another name.
    if (stage || names === 1 || !hasCode(error, 'EEXIST')) throw namingTarget(error, path, target, stage !== undefined)
  } finally {
    // Together, because neither needs the other. Their errors are ignored: the deed is done, or has failed already.
    const given = stage ? release(stage.made) : []
    // Also when `make` failed: it may have made the name, and reported an error all the same.
    const last = stage?.spent ? given : [...given, fs.unlink(path)]
    if (last.length > 0) yield* discardAll(last)
  }
  return yield* staged(target, make, use, release, names - 1, nameOf)
}

/** If the private name itself was refused, the error is about the directory: the target may be open to the caller. */
function namingTarget(error: unknown, path: Path, target: Path, isMade: boolean): unknown {
  const isRefused =
    !isMade && hasCode(error, 'EACCES', 'EPERM', 'EROFS') && (error as SystemError).path === String(path)
  namingPublicly(error, path, target)
  if (isRefused) addFinding(error, 'nothing could be made beside it')
  return error
}

/** A private file that is being written. */
export interface Written {
  readonly fd: number
  isOpen: boolean
}

/**
 * The same for a file that is written. `use` calls `closeUnsynced` before the file gets its public name. `nameOf` makes the
 * private name: only a face has others than those that a sweeper knows.
 */
export const stagedFile = <T>(
  target: string,
  mode: number,
  use: (stage: Staged<Written>) => Steps<T>,
  nameOf?: (target: string) => Steps<string>,
): Steps<T> =>
  staged(
    target,
    path => openToWrite(path, mode),
    use,
    ({ fd, isOpen }) => (isOpen ? [fs.close(fd)] : []),
    mostNames,
    nameOf,
  )

function* openToWrite(path: string, mode: number): Steps<Written> {
  return { fd: yield* fs.open(path, 'wx', mode), isOpen: true }
}

/**
 * Closes a file that was written and not `synced`. Some filesystems (NFS, quotas) report only there that what was written
 * is lost, so that error comes out. After a sync nothing can be lost, so the file may stay open until something else is
 * done that it can be closed beside. A descriptor is closed once, whatever that reports.
 */
export function closeUnsynced(written: Written, synced: boolean): Steps<void> {
  if (synced) return noSteps
  written.isOpen = false
  return fs.close(written.fd)
}

/** The same for a directory, which `remove` removes if it was not published. */
export function* stagedDirectory<T>(
  target: string,
  use: (stage: Staged<void>) => Steps<T>,
  remove: (path: string) => Steps<unknown>,
  names = mostNames,
): Steps<T> {
  const stage: Staged<void> = { path: yield* stageName(target), made: undefined, spent: false }
  let made = false
  try {
    yield* fs.mkdir(stage.path)
    made = true
    return yield* use(stage)
  } catch (error) {
    // A retransmission of our own call, as above.
    if (made || names === 1 || !hasCode(error, 'EEXIST')) throw namingTarget(error, stage.path, target, made)
  } finally {
    if (!stage.spent) yield* cleaningUp(() => discard(() => remove(stage.path)))
  }
  return yield* stagedDirectory(target, use, remove, names - 1)
}

/** Runs steps that only read, or that sync what they write, and then closes the descriptor: nothing can be lost by it. */
export function* closing<T>(fd: number, steps: () => Steps<T>): Steps<T> {
  try {
    return yield* steps()
  } finally {
    yield* tidy(fs.close(fd))
  }
}

/** Runs steps that write, and then closes the descriptor: an error of that comes out unless the data was `synced`. */
export function* closingWritten<T>(fd: number, synced: boolean, steps: () => Steps<T>): Steps<T> {
  const written: Written = { fd, isOpen: true }
  try {
    const value = yield* steps()
    yield* closeUnsynced(written, synced)
    return value
  } finally {
    if (written.isOpen) yield* tidy(fs.close(fd))
  }
}
