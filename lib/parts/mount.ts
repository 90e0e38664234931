// What is a mount point cannot be taken away from its name, and that is better told before it is copied than after.

import { dirname } from 'node:path'
import { hasCode, isSystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { staged } from './stage.js'

/** Directories that are mounted from the same device do not show; then the system will say it. */
export function* refuseMount(path: string, was: Stats): Steps<void> {
  const refused = was.isDirectory() ? yield* isOtherDevice(path, was) : yield* cannotHaveNeighbour(path)
  if (refused) throw systemError('EBUSY', 'rename', 'it is a mount point', path)
}

/** The root of every volume of btrfs is on a device of its own, and need not be a mount point. */
const rootOfVolume = 256n

function* isOtherDevice(path: string, { ino, dev }: Stats): Steps<boolean> {
  return ino !== rootOfVolume && dev !== (yield* fs.stat(dirname(path))).dev
}

/** A file on overlayfs may be on another device than its directory; but only what is mounted has no second name there. */
function* cannotHaveNeighbour(path: string): Steps<boolean> {
  try {
    yield* staged(path, mark => fs.link(path, mark), nothingMore)
    return false
  } catch (error) {
    if (!isSystemError(error)) throw error
    return hasCode(error, 'EXDEV')
  }
}

function* nothingMore(): Steps<void> {}
