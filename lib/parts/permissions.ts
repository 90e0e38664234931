// The owner and the mode of a new file: those of the file that it replaces, or those that were asked for.

import { hasCode } from '../core/errors.js'
import { asMode, asNumber, refusal } from '../core/input.js'
import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'

export interface Permissions {
  /** `undefined`: that of the file that is replaced. `false`: what the system gives a new file. */
  readonly mode: number | false | undefined
  readonly owner: { readonly uid: number; readonly gid: number } | false | undefined
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
  const forGroupOnly = (mode >> 3) & ~mode & 0o7
  const owner = forGroupOnly ? wantedOwner(permissions, old) : undefined
  const foreign = owner && process.getuid && (owner.uid !== process.getuid() || owner.gid !== process.getgid?.())
  return mode & (foreign ? 0o700 : 0o777)
}

/**
 * Gives a private file, by its path or its descriptor, its owner and its mode, in as few calls as possible, usually none.
 * `was` describes the private file, `old` the one that is replaced, or copied.
 */
export function* setPermissions(
  file: Path | number,
  was: Stats,
  permissions: Permissions,
  old: Stats | undefined,
): Steps<void> {
  const owner = wantedOwner(permissions, old)
  const isOwned = !owner || (yield* tryChown(file, was, owner))
  const mode = wantedMode(permissions, old)
  if (mode === undefined) return
  // With another owner than intended, the set-ID bits would make processes run as that owner.
  const wanted = isOwned ? mode : mode & 0o1777
  const changed = owner && (Number(was.uid) !== owner.uid || Number(was.gid) !== owner.gid)
  if (changed || (Number(was.mode) & 0o7777) !== wanted)
    yield* typeof file === 'number' ? fs.fchmod(file, wanted) : fs.chmod(file, wanted)
}

/** Returns whether the file has that owner and group now. */
function* tryChown(file: Path | number, was: Stats, { uid, gid }: { uid: number; gid: number }): Steps<boolean> {
  if (!process.getuid || (Number(was.uid) === uid && Number(was.gid) === gid)) return true
  const ordinary = process.getuid() !== 0
  try {
    // Ordinary users may change the group only, and only to one of their own.
    const user = ordinary ? -1 : uid
    yield* typeof file === 'number' ? fs.fchown(file, user, gid) : fs.chown(file, user, gid)
    return !ordinary || Number(was.uid) === uid
  } catch (error) {
    // EINVAL: this user namespace has no such user or group.
    if (ordinary && hasCode(error, 'EPERM', 'EINVAL', 'ENOSYS', 'ENOTSUP')) return false
    throw error
  }
}
