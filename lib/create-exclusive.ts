import { dirname } from 'node:path'
import { dual } from './core/dual.js'
import { systemError } from './core/errors.js'
import { asBytes, asDurability, asFlag, asMode, asPath, type Durability, type Patience } from './core/input.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { acquire } from './lock/acquire.js'
import { whileHeld } from './lock/hold.js'
import { asLocking } from './lock/options.js'
import { achieve, done, type Trial } from './parts/achieve.js'
import { claim } from './parts/claim.js'
import { syncName, writeAll } from './parts/durable.js'
import { isFile, isGone } from './parts/identity.js'
import { withParents } from './parts/parents.js'
import { type Staged, stagedFile } from './parts/stage.js'

export interface CreateExclusiveOptions extends Patience {
  /** Permission bits of the file, less the umask: a number or an octal string. @default 0o666 */
  readonly mode?: number | string | undefined
  /** `file`: the data is on the disk before the name appears; `full`: the name too. @default 'file' */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the file. @default false */
  readonly parents?: boolean | undefined
}

/**
 * Creates a file with its whole content, unless it exists.
 *
 * Holds afterwards: `file` exists, with the whole content of exactly one caller. Nobody, at any moment, sees a part of it
 * or an empty file; whoever is killed on the way leaves no `file`, at most a private name beside it.
 *
 * Not promised: that it is exclusive towards others where there are no hard links (exFAT, some SMB and FUSE mounts,
 * Android): there it is so among callers of this function only, who take turns by a lock, `.holdfast.lock`, which stays in
 * the directory. If a file has the name, nothing is said about who made it and how. With `durability: 'file'` a power cut may take the name back, never a part of the content.
 *
 * @param file A path, or a `file:` URL. A directory of that name, or a link that points nowhere, is an error (EEXIST).
 * @param data A string (UTF-8), or a view, of which all bytes are written. Do not change it until the call has ended.
 * @returns True: it is mine. False: another's file is there.
 * @throws What the system said, unchanged: ENOENT (no directory above, and no `parents`), ENOSPC, EACCES, EROFS ...
 *
 * @example
 * if (await createExclusive('jobs/17.json', JSON.stringify(job), { parents: true })) await start(job)
 *
 * Source of the protocol: link(2) as the exclusive step, and its inode as the proof, as open(2) advises for NFS.
 */
export const createExclusive = dual(function* createExclusive(
  file: string | URL,
  data: string | NodeJS.ArrayBufferView,
  options: CreateExclusiveOptions = {},
): Steps<boolean> {
  const path = asPath(file, 'file')
  const bytes = asBytes(data, 'data')
  const mode = asMode(options.mode, 0o666)
  const durability = asDurability(options.durability)
  const parents = asFlag(options.parents, 'options.parents')

  const trial = { as: 'createExclusive', path, retryFor: options.retryFor }
  const stageAndPublish = () => stagedFile(path, mode, stage => publish(stage, bytes, durability, trial))
  const create = () =>
    achieve(
      () => withParents(path, parents, stageAndPublish),
      () => statAnothers(path),
      // The directory may vanish again between two calls.
      parents ? { ...trial, also: ['ENOENT'] } : trial,
    )
  // Most callers come late and find the file there: this look spares them the work.
  const mine = (yield* isFile(path)) ? false : yield* create()
  yield* syncName(path, durability)
  return mine
})

function* publish(stage: Staged<number>, bytes: Uint8Array, durability: Durability, trial: Trial): Steps<boolean> {
  yield* writeAll(stage.made, bytes, durability)
  try {
    return yield* claim(stage.path, trial.path, trial)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_NO_HARD_LINKS') throw error
  }
  // One lock for the whole directory, because it stays.
  const turn = `${dirname(trial.path)}/.holdfast`
  const hold = yield* acquire(asLocking(turn, { retryFor: trial.retryFor }, trial.as))
  return yield* whileHeld(hold, () => renameIfAbsent(stage, trial))
}

/** Under the lock no other caller creates the file, so checking and then renaming is safe. */
function* renameIfAbsent(stage: Staged<number>, trial: Trial): Steps<boolean> {
  const { path } = trial
  if (yield* isFile(path)) return false
  if (yield* fs.lstat(path, orNothing)) throw systemError('EEXIST', 'rename', 'what is there is not a file', path)
  stage.spent = yield* achieve(
    () => done(fs.rename(stage.path, path), true),
    // If the private name is gone, the reply was lost: no other process has it.
    () => isRenamed(stage.path, path),
    trial,
  )
  return true
}

function* isRenamed(from: string, to: string): Steps<true | undefined> {
  return (yield* isGone(from)) && (yield* isFile(to)) ? true : undefined
}

/** Whatever kept this call from making its own, even a full disk: if a file is there, another call has made it. */
function* statAnothers(path: string): Steps<false | undefined> {
  return (yield* isFile(path)) ? false : undefined
}
