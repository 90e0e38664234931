// What outlives a power cut: data, once its file was synced; a name, once its directory was.

import { dirname } from 'node:path'
import { hasCode } from '../core/errors.js'
import type { Durability } from '../core/input.js'
import { platform } from '../core/platform.js'
import type { FileProgress } from '../core/progress.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { writeBytes } from './bytes.js'
import { findEnd } from './follow-links.js'
import type { Parents } from './parents.js'
import { closing } from './stage.js'

/** Writes all the bytes, and syncs the file unless `durability` is `none`. */
export const writeAll = (
  fd: number,
  bytes: Uint8Array,
  durability: Durability,
  progress?: FileProgress,
): Steps<void> => (durability === 'none' ? writeBytes(fd, bytes, 0, progress) : writeAndSync(fd, bytes, progress))

function* writeAndSync(fd: number, bytes: Uint8Array, progress: FileProgress | undefined): Steps<void> {
  yield* writeBytes(fd, bytes, 0, progress)
  yield* fs.fsync(fd)
}

// Windows syncs only what is open for writing.

/** Syncs a file, and runs steps while it is still open. Meanwhile no other file can get its inode number. */
export function* whileSynced<T>(
  file: Path,
  steps: () => Steps<T>,
  flags: 'r nofollow' | 'r nonblock' = 'r nofollow',
): Steps<T> {
  const fd = yield* fs.open(file, platform.isWindows ? 'r+' : flags)
  return yield* closing(fd, () => syncedFirst(fd, steps))
}

function* syncedFirst<T>(fd: number, steps: () => Steps<T>): Steps<T> {
  yield* fs.fsync(fd)
  return yield* steps()
}

/** Syncs a file that is closed, for example because another program has written it. */
export const syncFile = (file: Path): Steps<void> => whileSynced(file, function* () {})

/**
 * Syncs a file that another process made, or the one that a link leads to, if `durability` is `full`: it may have been
 * made with less. If it is gone again, there is nothing to sync.
 */
export function* syncFound(file: string, durability: Durability): Steps<void> {
  if (durability !== 'full') return
  try {
    yield* syncOrFollow(file)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

function* syncOrFollow(file: string): Steps<void> {
  try {
    return yield* syncFile(file)
  } catch (error) {
    if (!hasCode(error, 'ELOOP', 'EMLINK')) throw error
  }
  // It is a link, which is followed unless another user may have planted it.
  yield* findEnd(file)
  yield* whileSynced(file, function* () {}, 'r nonblock')
}

/**
 * Syncs the directory of a name that was published, if `durability` is `full`; and every directory that names one of the
 * `parents` which were made for it.
 */
export function* syncName(path: string, durability: Durability, parents?: Parents): Steps<void> {
  if (durability !== 'full') return
  yield* syncDir(dirname(path))
  for (const dir of parents?.changed ?? []) yield* syncDir(dir)
}

/**
 * Before a thing's name `from` goes: syncs its new name `to`, unless `durability` is `none`. Otherwise a power cut could
 * keep the loss of the one name and not the other. One sync of a directory that both are in keeps both or neither.
 */
export function* syncBeforeLoss(from: string, to: string, durability: Durability, parents?: Parents): Steps<void> {
  if (durability !== 'none' && dirname(from) !== dirname(to)) yield* syncName(to, 'full', parents)
}

/** After a thing's name `from` has gone: syncs that, if `durability` is `full`, and `to`, its new name, is elsewhere. */
export function* syncLoss(from: string, to: string, durability: Durability): Steps<void> {
  if (durability !== 'full' || dirname(from) === dirname(to)) return
  try {
    yield* syncDir(dirname(from))
  } catch (error) {
    // If the directory is gone as well, no name in it can come back.
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}

/**
 * Syncs a directory, so that the names in it outlive a power cut. Windows syncs none, and lets no directory be renamed
 * while one in it is open.
 */
export function* syncDir(dir: Path): Steps<void> {
  if (platform.isWindows) return
  try {
    const fd = yield* fs.open(dir, 'r')
    yield* closing(fd, () => fs.fsync(fd))
  } catch (error) {
    // Some filesystems sync none. That is no error: nothing else can be done.
    if (!hasCode(error, 'EINVAL', 'ENOTSUP', 'ENOSYS')) throw error
  }
}
