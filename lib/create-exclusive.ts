import { dirname } from 'node:path'
import { dual } from './core/dual.js'
import { isSystemError, systemError } from './core/errors.js'
import { asBytes, asDurability, asFunction, asMode, asPath, type Durability, type Patience } from './core/input.js'
import { emptySum, type FileProgress, fileProgress, type Progress } from './core/progress.js'
import { publishing } from './core/publication.js'
import type { Stats } from './core/stats.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { acquire } from './lock/obtain.js'
import { asLocking } from './lock/options.js'
import { whileHeld } from './lock/while-held.js'
import { achieve, done, type Trial } from './parts/achieve.js'
import { claim } from './parts/claim.js'
import { syncFound, syncName, writeAll } from './parts/durable.js'
import { findEnd } from './parts/follow-links.js'
import { isFile, isGone } from './parts/identity.js'
import { asParents, withParents } from './parts/parents.js'
import { giving, isSpent, publish } from './parts/publish.js'
import { closeUnsynced, type Staged, stagedFile, type Written } from './parts/stage.js'

export interface CreateExclusiveOptions extends Patience {
  /**
   * Permission bits of the file, minus the umask: a number (also the `mode` of a `stat`), or an octal string.
   * @default 0o666
   */
  readonly mode?: number | string | undefined
  /**
   * `file`: the data is on disk before the name appears. `full`: the name is, too, before the call ends; also if
   * another call or program has made the file, with whatever durability.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the file; with `durability: 'full'` their names are on the disk, too. @default false */
  readonly parents?: boolean | undefined
  /**
   * Called for each MiB that is written, and when the file has its name; if another's file has that, not any more. An
   * error that it throws ends the call.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/**
 * Creates a file with its whole content, unless a file of that name exists.
 *
 * Holds afterwards: `file` exists, with the whole content of exactly one caller. No process, at any moment, sees an
 * empty file or a part of the content. A process that is killed leaves the whole file or none, and at most a private
 * name beside it, for `sweep`.
 *
 * Not promised: how a file that existed before was made, and by which program. That other programs are excluded where
 * there are no hard links (exFAT, some SMB and FUSE mounts, Android): there only callers of this function are. They
 * take turns with a lock, `.holdfast.lock`, which stays in the directory. With `durability: 'file'` a power cut may
 * take the name back, but never a part of the content.
 *
 * @param file A path, or a `file:` URL. A directory of that name, or a link that points nowhere, is an error (EEXIST).
 * @param data A string (UTF-8), or a view, of which all bytes are written. Do not change it until the call has ended.
 * @returns True if this call created the file. False if another's file has the name.
 * @throws Errors of the system, unchanged: ENOENT (the directory is missing, and `parents` is not set), ENOSPC, EACCES
 *   (with `'full'`, also of another's file that cannot be read, and so not be synced; and of a link that another user has
 *   put into a sticky directory that others may write), EROFS ... Where there are no hard links, also what `lock` throws.
 *   `published` of each error says whether this call created the file (see `Published`).
 *
 * @example
 * if (await createExclusive('jobs/17.json', JSON.stringify(job), { parents: true })) await start(job)
 *
 * Source of the protocol: link(2) as the exclusive step, with the inode as the proof, as open(2) advises for NFS.
 */
export const createExclusive = dual(
  publishing(function* createExclusive(
    publication,
    file: string | URL,
    data: string | NodeJS.ArrayBufferView,
    options: CreateExclusiveOptions = {},
  ): Steps<boolean> {
    const path = asPath(file, 'file')
    const bytes = asBytes(data, 'data')
    const mode = asMode(options.mode, 0o666)
    const durability = asDurability(options.durability)
    const parents = asParents(options.parents)
    const onProgress = asFunction(options.onProgress, 'options.onProgress')
    const progress = fileProgress({ onProgress, sum: emptySum(1, bytes.length) }, path)

    const trial = { as: 'createExclusive', path, retryFor: options.retryFor, publication }
    const stageAndPublish = () =>
      stagedFile(path, mode, stage => fillAndPublish(stage, bytes, durability, trial, progress))
    const create = () =>
      achieve(
        () => withParents(path, parents, stageAndPublish),
        () => statAnothers(path),
        // A directory that was made may vanish again before the next call.
        parents ? { ...trial, also: ['ENOENT'] } : trial,
      )
    // Most callers come late and find the file there: this look spares them the work.
    const created = (yield* isThere(path)) ? false : yield* create()
    publication.decide(created)
    if (!created) yield* syncFound(path, durability)
    yield* syncName(path, durability, parents)
    if (created && progress) yield* progress.finish()
    return created
  }),
)

/** A link that another user may have planted is refused, because it says nothing of a file. */
function* isThere(path: string): Steps<boolean> {
  let there: Stats | undefined
  try {
    there = yield* fs.lstat(path, orNothing)
  } catch (error) {
    // The attempt reports why it cannot be read.
    if (!isSystemError(error)) throw error
    return false
  }
  if (there?.isSymbolicLink()) yield* findEnd(path)
  return there !== undefined && (yield* isFile(path, there))
}

function* fillAndPublish(
  stage: Staged<Written>,
  bytes: Uint8Array,
  durability: Durability,
  trial: Trial,
  progress: FileProgress | undefined,
): Steps<boolean> {
  progress?.begin(bytes.length)
  yield* writeAll(stage.made.fd, bytes, durability, progress)
  yield* closeUnsynced(stage.made, durability !== 'none')
  try {
    return yield* claim(stage.path, trial.path, trial)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_NO_HARD_LINKS') throw error
  }
  // One lock serves the whole directory, because the lock stays there.
  const locked = `${dirname(trial.path)}/.holdfast`
  const hold = yield* acquire(asLocking(locked, { retryFor: trial.retryFor }, trial.as))
  return yield* whileHeld(hold, () => checkAndRename(stage, trial))
}

/** Under the lock no other caller creates the file, so checking and then renaming is safe. */
function* checkAndRename(stage: Staged<Written>, trial: Trial): Steps<boolean> {
  const { path } = trial
  if (yield* isFile(path)) return false
  if (yield* fs.lstat(path, orNothing))
    throw systemError('EEXIST', 'rename', 'something that is not a file has the name', path)
  stage.spent = yield* publish(
    () =>
      done(
        giving(trial.publication, path, fs.rename(stage.path, path), () => isSpent(stage.path)),
        true,
      ),
    // No other process uses the private name. If it is gone, the rename was done, and its reply was lost.
    () => isRenamed(stage.path, path),
    trial,
  )
  return true
}

function* isRenamed(from: string, to: string): Steps<true | undefined> {
  return (yield* isGone(from)) && (yield* isFile(to)) ? true : undefined
}

/** After an attempt that failed for any reason, even a full disk: if a file is there, another call has created it. */
function* statAnothers(path: string): Steps<false | undefined> {
  return (yield* isFile(path)) ? false : undefined
}
