// Who may use a new lock. All users that may write the directory above may put a lock there, so all of them may use it:
// else the first one, or its umask, would lock the others out, and one run as root would lock the user out.

import type { Owner } from '../../cell/create.js'
import { isSystemError } from '../../core/errors.js'
import { asMode, refusal } from '../../core/input.js'
import { platform } from '../../core/platform.js'
import type { Stats } from '../../core/stats.js'
import { fs, type Steps, together, unwrap } from '../../core/steps.js'
import { isMade } from '../../parts/made-directory.js'
import { closing } from '../../parts/stage.js'

/** The set-user-ID bit, which means nothing on a directory: it says that this package has made it, also when it is empty. */
export const mark = 0o4000

const ownersBits = 0o700

/** A sticky bit would keep a user from renaming the token of another. */
export function asLockMode(value: unknown): number | undefined {
  if (value === undefined) return undefined
  const mode = asMode(value, 0) & 0o777
  if ((mode & ownersBits) === ownersBits) return mode
  throw refusal('ERR_OUT_OF_RANGE', 'options.mode', 'a mode with which the owner may do everything (0o700)', value)
}

/**
 * Marks the directory of a lock, which was just made in `above`, as ours, and gives it its rights. Returns the owner that it was
 * given. Best effort, but for a mode that was asked for: without the mark it is another's if it is empty.
 */
export function* giveRights(stage: string, above: string, asked: number | undefined): Steps<Owner | undefined> {
  // Windows changes no attribute of a directory by a descriptor, and keeps no bit that could mark it.
  if (platform.isWindows) return undefined
  try {
    // By a descriptor, because the bits would mean much on what somebody else has put in its place.
    const fd = yield* fs.open(stage, 'r nofollow')
    return yield* closing(fd, () => giveOpened(fd, above, asked))
  } catch (error) {
    if (asked !== undefined || !isSystemError(error)) throw error
    return undefined
  }
}

function* giveOpened(fd: number, dir: string, asked: number | undefined): Steps<Owner | undefined> {
  const [made, above] = (yield* together([fs.fstat(fd), fs.stat(dir)])).map(unwrap) as [Stats, Stats]
  if (!made.isDirectory() || !(yield* isMade(made, dir))) return undefined
  const wanted = ownerFor(made, above)
  const owner = wanted && (yield* isGiven(fd, wanted)) ? wanted : undefined
  const hasGroup = owner !== undefined || made.gid === above.gid
  yield* fs.fchmod(fd, (asked ?? modeFor(Number(made.mode), Number(above.mode), hasGroup)) | mark)
  return owner
}

/** Root gives what it makes to the owner of the directory; the group matters where others may do less. */
function ownerFor(made: Stats, { uid, gid, mode }: Stats): Owner | undefined {
  if (!process.geteuid) return undefined
  if (process.geteuid() === 0 && uid !== 0n) return { uid: Number(uid), gid: Number(gid) }
  const isForGroup = (mode & 0o020n) !== 0n && (mode & 0o002n) === 0n
  return isForGroup && made.gid !== gid ? { uid: -1, gid: Number(gid) } : undefined
}

/** Users may give a directory only to groups of their own, and root in a container not to all users. */
function* isGiven(fd: number, { uid, gid }: Owner): Steps<boolean> {
  try {
    yield* fs.fchown(fd, uid, gid)
    return true
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}

/** Those that may write the directory above may do the same with the lock, and others do not write it, whatever the umask is. */
function modeFor(made: number, above: number, hasGroup: boolean): number {
  const others = bitsFor(made & 7, above & 7)
  // Of those in another group than that of the directory, nothing is known but that they are others there.
  const group = bitsFor((made >> 3) & 7, (hasGroup ? above >> 3 : above) & 7)
  return (made & 0o2000) | ownersBits | (group << 3) | others
}

const write = 2
const bitsFor = (made: number, above: number): number => ((above & write) !== 0 ? above : made & ~write)
