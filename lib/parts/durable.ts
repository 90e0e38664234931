// What outlives a power cut: data, once its file was synced; a name, once its directory was.

import { dirname } from 'node:path'
import { hasCode } from '../core/errors.js'
import type { Durability } from '../core/input.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { writeBytes } from './bytes.js'
import { closing } from './stage.js'

/** Writes all the bytes, and syncs the file unless `durability` is `none`. */
export function* writeAll(fd: number, bytes: Uint8Array, durability: Durability): Steps<void> {
  yield* writeBytes(fd, bytes)
  if (durability !== 'none') yield* fs.fsync(fd)
}

/** Syncs a file, and runs steps while it is still open. Meanwhile no other file can get its inode number. */
export function* whileSynced<T>(file: Path, steps: () => Steps<T>): Steps<T> {
  // Windows syncs only what is open for writing.
  const fd = yield* fs.open(file, process.platform === 'win32' ? 'r+' : 'r')
  return yield* closing(fd, () => syncedFirst(fd, steps))
}

function* syncedFirst<T>(fd: number, steps: () => Steps<T>): Steps<T> {
  yield* fs.fsync(fd)
  return yield* steps()
}

/** Syncs a file that is closed, for example because another program has written it. */
export const syncFile = (file: Path): Steps<void> => whileSynced(file, function* () {})

/** Syncs the directory of a name that was published, if `durability` is `full`. */
export function* syncName(path: string, durability: Durability): Steps<void> {
  if (durability === 'full') yield* syncDir(dirname(path))
}

/** Syncs a directory, so that the names in it outlive a power cut. */
export function* syncDir(dir: Path): Steps<void> {
  try {
    const fd = yield* fs.open(dir, 'r')
    yield* closing(fd, () => fs.fsync(fd))
  } catch (error) {
    // Windows opens no directories, and some filesystems sync none. That is no error: nothing else can be done.
    const refused = process.platform === 'win32' ? (['EISDIR', 'EPERM', 'EACCES'] as const) : []
    if (!hasCode(error, 'EINVAL', 'ENOTSUP', 'ENOSYS', ...refused)) throw error
  }
}
