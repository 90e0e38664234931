// The owner and the mode of a new file: those of the file that it replaces, or those that were asked for.

import { type Errno, hasCode } from '../core/errors.js'
import { asMode, asNumber, refusal } from '../core/input.js'
import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'

export interface Permissions {
  /** `undefined`: that of the file that is replaced. `false`: what the system gives a new file. */
  readonly mode: number | false | undefined
  readonly owner: { readonly uid: number; readonly gid: number } | false | undefined
  /** A mode that was asked for and that the system refuses is no error either: faces of packages that promise so. */
  readonly isLenient?: boolean
}

export function asPermissions({ mode, chown }: { mode?: unknown; chown?: unknown }): Permissions {
  return { mode: mode === undefined || mode === false ? mode : asMode(mode, 0), owner: asOwner(chown) }
}

function asOwner(value: unknown): Permissions['owner'] {
  if (value === undefined || value === false) return value
  if (typeof value !== 'object' || value === null)
    throw refusal('ERR_INVALID_ARG_TYPE', 'options.chown', 'false or of type object', value)
  const { uid, gid } = value as { uid: unknown; gid: unknown }
  return { uid: asId(uid, 'options.chown.uid'), gid: asId(gid, 'options.chown.gid') }
}

function asId(value: unknown, name: string): number {
  const id = asNumber(value, name, Number.NaN)
  if (!Number.isInteger(id) || id > 0xffff_fffe)
    throw refusal('ERR_OUT_OF_RANGE', name, 'an integer from 0 to 4294967294', value)
  return id
}

/** The owner and the mode of the file that is replaced, or copied. */
export const unchanged: Permissions = { mode: undefined, owner: undefined }

const newFileMode = 0o666

/** The mode that the file is to have; undefined if that is for the system to choose. */
const wantedMode = ({ mode }: Permissions, old: Stats | undefined): number | undefined =>
  mode === false ? undefined : (mode ?? (old && Number(old.mode) & 0o7777))

const wantedOwner = ({ owner }: Permissions, old: Stats | undefined): { uid: number; gid: number } | undefined =>
  owner === false ? undefined : (owner ?? (old && { uid: Number(old.uid), gid: Number(old.gid) }))

/** The mode to create the file with. Where it matters, group and others get no access until chown has run. */
export function creationMode(permissions: Permissions, old: Stats | undefined): number {
  const mode = wantedMode(permissions, old)
  if (mode === undefined) return newFileMode
  // If the mode grants the group no more than it grants others, the group does not matter, and the owner need not be
  // looked up.
  const owner = forGroupOnly(mode) ? wantedOwner(permissions, old) : undefined
  return mode & (owner && isForeign(owner) ? 0o700 : 0o777)
}

const isForeign = ({ uid, gid }: { uid: number; gid: number }): boolean =>
  process.geteuid !== undefined && (uid !== process.geteuid() || gid !== process.getegid?.())

/**
 * Must the file get its owner before its first byte? A directory with the set-group-ID bit gives a new file its own group,
 * which must not read what is for our group only.
 */
export function isOwnerFirst(permissions: Permissions, old: Stats | undefined): boolean {
  if (!forGroupOnly(wantedMode(permissions, old) ?? 0)) return false
  const owner = wantedOwner(permissions, old)
  return owner !== undefined && !isForeign(owner)
}

/** What the mode grants the group and does not grant others. */
const forGroupOnly = (mode: number): number => (mode >> 3) & ~mode & 0o7

/**
 * Gives a private file, by its descriptor, its owner and its mode, in as few calls as possible, usually none. (A
 * directory is given by a path, which may lead through its descriptor.) `was` describes the private file, `old` the one that is replaced, or copied.
 *
 * What the system refuses is left as it is, unless it is a mode that was asked for by name: mounts refuse owners and
 * modes, and users and containers may not give files away.
 */
export function* setPermissions(
  file: Path | number,
  was: Stats,
  permissions: Permissions,
  old: Stats | undefined,
): Steps<void> {
  const owner = wantedOwner(permissions, old)
  const now = owner ? yield* giveOwner(file, was, owner) : was
  const mode = wantedMode(permissions, old)
  if (mode === undefined) return
  const isAsked = permissions.mode !== undefined
  const given = owner ? suited(mode, now, owner, isAsked) : mode
  yield* setMode(file, now, given, isAsked && !permissions.isLenient)
}

/**
 * Of a mode that was meant for another owner, what the file may have that did not get that owner. The set-ID bits would
 * make processes run as its owner; and what only the group had, unless that was asked for, would go to another group.
 */
function suited(mode: number, now: Stats, { uid, gid }: { uid: number; gid: number }, isAsked: boolean): number {
  const hasGroup = Number(now.gid) === gid
  if (hasGroup && Number(now.uid) === uid) return mode
  return mode & 0o1777 & ~(hasGroup || isAsked ? 0 : forGroupOnly(mode) << 3)
}

/** What mounts return for a mode or an owner that they cannot keep, and the system for one that it does not allow. */
const refusals: readonly Errno[] = ['EPERM', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EOVERFLOW']

/** Gives an open file its mode. `now` describes it. That the system refuses a mode is an error only if it `isAsked`. */
export function* setMode(file: Path | number, now: Stats, mode: number, isAsked: boolean): Steps<void> {
  if ((Number(now.mode) & 0o7777) === mode) return
  try {
    yield* typeof file === 'number' ? fs.fchmod(file, mode) : fs.chmod(file, mode)
  } catch (error) {
    if (isAsked || !hasCode(error, ...refusals)) throw error
  }
}

/** Returns what the file is afterwards: a success is not believed, because mounts and other packages fake it. */
function* giveOwner(file: Path | number, was: Stats, { uid, gid }: { uid: number; gid: number }): Steps<Stats> {
  const hasUser = Number(was.uid) === uid
  const hasGroup = Number(was.gid) === gid
  if (!process.geteuid || (hasUser && hasGroup)) return was
  const isDone = yield* tryChown(file, hasUser ? -1 : uid, gid)
  // Ordinary users may change the group only, and only to one of their own.
  if (!isDone && (hasUser || hasGroup || !(yield* tryChown(file, -1, gid)))) return was
  return yield* typeof file === 'number' ? fs.fstat(file) : fs.stat(file)
}

/** Which users may give files away is not guessed: root in a container may not, and others may have been allowed to. */
function* tryChown(file: Path | number, uid: number, gid: number): Steps<boolean> {
  try {
    yield* typeof file === 'number' ? fs.fchown(file, uid, gid) : fs.chown(file, uid, gid)
    return true
  } catch (error) {
    // EINVAL and EOVERFLOW: this user namespace has no such user or group.
    if (hasCode(error, ...refusals)) return false
    throw error
  }
}
