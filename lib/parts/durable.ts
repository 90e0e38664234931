// What outlives a power cut. Data is on the disk once its file was synced, a name once its directory was.

import { dirname } from 'node:path'
import { hasCode } from '../core/errors.js'
import type { Durability } from '../core/input.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { closing } from './stage.js'

/** Writes all the bytes, however many one call takes, and waits for the disk if that was asked for. */
export function* writeAll(fd: number, bytes: Uint8Array, durability: Durability): Steps<void> {
  for (let at = 0; at < bytes.length; ) at += yield* fs.write(fd, at === 0 ? bytes : bytes.subarray(at))
  if (durability !== 'none') yield* fs.fsync(fd)
}

/** Runs steps while a file, whose data is on the disk by then, is held open: its inode's number is nobody else's. */
export function* whileSynced<T>(file: Path, steps: () => Steps<T>): Steps<T> {
  // Windows syncs only what is open for writing.
  const fd = yield* fs.open(file, process.platform === 'win32' ? 'r+' : 'r')
  return yield* closing(fd, () => synced(fd, steps))
}

function* synced<T>(fd: number, steps: () => Steps<T>): Steps<T> {
  yield* fs.fsync(fd)
  return yield* steps()
}

/** What somebody else has written is on the disk. */
export const syncFile = (file: Path): Steps<void> => whileSynced(file, function* done() {})

/** After a name was published: it, too, outlives a power cut if that was asked for. */
export function* syncName(path: string, durability: Durability): Steps<void> {
  if (durability === 'full') yield* syncDir(dirname(path))
}

/** The names in a directory outlive a power cut. */
export function* syncDir(dir: Path): Steps<void> {
  try {
    const fd = yield* fs.open(dir, 'r')
    yield* closing(fd, () => fs.fsync(fd))
  } catch (error) {
    // Windows opens no directories, and some filesystems sync none: there it is not to be had, and not an error.
    const refused = process.platform === 'win32' ? (['EISDIR', 'EPERM', 'EACCES'] as const) : []
    if (!hasCode(error, 'EINVAL', 'ENOTSUP', 'ENOSYS', ...refused)) throw error
  }
}
