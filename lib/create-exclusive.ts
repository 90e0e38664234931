import { dirname } from 'node:path'
import { dual } from './core/dual.js'
import { systemError } from './core/errors.js'
import { asBytes, asDurability, asFlag, asMode, asPath, type Durability, type Patience } from './core/input.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { whileLocked } from './lock.js'
import { withParents } from './mkdirp.js'
import { achieve, type Trial } from './parts/achieve.js'
import { claim, isFile } from './parts/claim.js'
import { syncName, writeAll } from './parts/durable.js'
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
  const publish = () => stagedFile(path, mode, stage => fill(stage, bytes, durability, trial))
  const create = () =>
    achieve(
      () => withParents(path, parents, publish),
      () => isAnothers(path),
      // The directory may vanish again between two calls.
      parents ? { ...trial, also: ['ENOENT'] } : trial,
    )
  // Whoever comes late, and most do, finds the file there, and is spared the work.
  const mine = (yield* isFile(path)) ? false : yield* create()
  yield* syncName(path, durability)
  return mine
})

function* fill(stage: Staged<number>, bytes: Uint8Array, durability: Durability, trial: Trial): Steps<boolean> {
  yield* writeAll(stage.made, bytes, durability)
  try {
    return yield* claim(stage.path, trial.path, trial)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_NO_HARD_LINKS') throw error
  }
  // One lock for the whole directory, because it stays.
  const turn = `${dirname(trial.path)}/.holdfast`
  return yield* whileLocked(turn, () => place(stage, trial), { retryFor: trial.retryFor }, trial.as)
}

/** Nobody else does so meanwhile: then a look is enough. */
function* place(stage: Staged<number>, trial: Trial): Steps<boolean> {
  const { path } = trial
  if (yield* isFile(path)) return false
  if (yield* fs.lstat(path, orNothing)) throw systemError('EEXIST', 'rename', 'what is there is no file', path)
  stage.spent = yield* achieve(
    () => renamed(stage.path, path),
    // The reply was lost: nobody else has the private name.
    () => isMoved(stage.path, path),
    trial,
  )
  return true
}

function* renamed(from: string, to: string): Steps<true> {
  yield* fs.rename(from, to)
  return true
}

function* isMoved(from: string, to: string): Steps<true | undefined> {
  return !(yield* fs.lstat(from, orNothing)) && (yield* isFile(to)) ? true : undefined
}

/** Whatever kept us from making ours, a full disk even: if a file is there, that is the answer. */
function* isAnothers(path: string): Steps<false | undefined> {
  return (yield* isFile(path)) ? false : undefined
}
