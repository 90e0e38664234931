// A mount point cannot be renamed or removed. Functions that would copy it first refuse it before they do, not after.

import { dirname } from 'node:path'
import { hasCode, isSystemError, mountPointCodes, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { addFinding, isAtOrBelow } from './public-names.js'
import { closing, staged } from './stage.js'

/**
 * Throws EBUSY if `path`, or something in it, is a mount point: that could be copied, and not be removed after that.
 */
export function* refuseMount(path: string, was: Stats): Steps<void> {
  const point = was.isDirectory() ? yield* mountIn(path, was) : (yield* cannotBeLinked(path)) ? path : undefined
  if (point === undefined) return
  throw systemError('EBUSY', 'rename', point === path ? 'it is a mount point' : `'${point}' is a mount point`, path)
}

/** Returns the path of the mount point. Without a list of them, only one that is on another device is noticed. */
function* mountIn(dir: string, was: Stats): Steps<string | undefined> {
  const mounts = yield* listMounts()
  if (!mounts) return (yield* isOnOtherDevice(dir, was)) ? dir : undefined
  const real = yield* fs.realpath(dir)
  for (const mount of mounts)
    if (isAtOrBelow(mount.point, real) && (yield* isUppermost(mount))) return dir + mount.point.slice(real.length)
  return undefined
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
    return (yield* listMounts())?.some(({ point }) => point === real) ?? false
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

interface Mount {
  /** Its number, while it is mounted. */
  readonly id: string | undefined
  readonly point: string
}

/** Undefined if they cannot be read, as on systems other than Linux. */
function* listMounts(): Steps<Mount[] | undefined> {
  try {
    const lines = (yield* fs.readFile('/proc/self/mountinfo')).toString().split('\n')
    return lines.map(asMount)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return undefined
  }
}

/** The first field, and the fifth. Blanks in that are spelled as octal numbers. */
function asMount(line: string): Mount {
  const [id, , , , point = ''] = line.split(' ')
  return { id, point: point.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))) }
}

/** Not if something else is mounted above it, so that the path leads elsewhere. What cannot be opened is taken to be. */
function* isUppermost({ id, point }: Mount): Steps<boolean> {
  try {
    const fd = yield* fs.open(point, 'r directory')
    const info = yield* closing(fd, () => fs.readFile(`/proc/self/fdinfo/${fd}`))
    return /^mnt_id:\s*(\d+)$/m.exec(info.toString())?.[1] === id
  } catch (error) {
    if (!isSystemError(error)) throw error
    return !hasCode(error, 'ENOENT')
  }
}
