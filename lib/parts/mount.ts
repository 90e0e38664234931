// A mount point cannot be renamed or removed. Functions that would copy it first refuse it before they do, not after.

import { dirname } from 'node:path'
import { hasCode, isSystemError, mountPointCodes, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { addFinding } from './public-names.js'
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

/** If an error was that a name is busy, and something is mounted there, the error says so, and gives the `advice`. */
export function* findMount(error: unknown, path: Path, advice = ''): Steps<void> {
  if (hasCode(error, ...mountPointCodes) && (yield* isMountPoint(path)))
    addFinding(error, `it is a mount point, which cannot be renamed or replaced${advice}`)
}

/** The same for a directory that cannot be removed. */
export function* findMounted(error: unknown, path: Path): Steps<void> {
  if (hasCode(error, ...mountPointCodes) && (yield* isMountPoint(path)))
    addFinding(error, 'something is mounted there; it was not touched')
}

/** Is something mounted at the path? False also if that cannot be found out, as on systems other than Linux. */
function* isMountPoint(path: Path): Steps<boolean> {
  try {
    const real = yield* fs.realpath(String(path))
    const mounts = yield* fs.readFile('/proc/self/mountinfo')
    return mounts
      .toString()
      .split('\n')
      .some(line => pointOf(line) === real)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

/** The fifth field. Blanks in it are spelled as octal numbers. */
const pointOf = (line: string): string | undefined =>
  line.split(' ')[4]?.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
