// A mount point cannot be renamed or removed. Functions that would copy it first refuse it before they do, not after.

import { dirname } from 'node:path'
import { hasCode, isSystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { staged } from './stage.js'

/**
 * Throws EBUSY if `path` is a mount point. A directory that is mounted from the same device is not noticed here; the
 * system refuses that one later.
 */
export function* refuseMount(path: string, was: Stats): Steps<void> {
  const refused = was.isDirectory() ? yield* isOnOtherDevice(path, was) : yield* cannotBeLinked(path)
  if (refused) throw systemError('EBUSY', 'rename', 'it is a mount point', path)
}

/** The root of every btrfs subvolume has this inode number, and is on a device of its own, mounted or not. */
const subvolumeRoot = 256n

function* isOnOtherDevice(path: string, { ino, dev }: Stats): Steps<boolean> {
  return ino !== subvolumeRoot && dev !== (yield* fs.stat(dirname(path))).dev
}

/**
 * On overlayfs a file may be on another device than its directory, so devices prove nothing about files. But a hard
 * link beside it fails with EXDEV only if it is a mount point.
 */
function* cannotBeLinked(path: string): Steps<boolean> {
  try {
    yield* staged(path, mark => fs.link(path, mark), nothingMore)
    return false
  } catch (error) {
    if (!isSystemError(error)) throw error
    return hasCode(error, 'EXDEV')
  }
}

function* nothingMore(): Steps<void> {}
