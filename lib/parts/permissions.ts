// Whose a file is, and who may use it: as it was, or as was asked for, and never more than that, not even for a moment.

import { hasCode } from '../core/errors.js'
import { asMode, asNumber, refusal } from '../core/input.js'
import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'

export interface Permissions {
  /** Undefined: as it was. False: as a new file has them. */
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

/** Nothing else was asked for. */
export const unchanged: Permissions = { mode: undefined, owner: undefined }

const newFileMode = 0o666

/** The mode that is wanted; undefined: whatever a new file gets. */
const wantedMode = ({ mode }: Permissions, old: Stats | undefined): number | undefined =>
  mode === false ? undefined : (mode ?? (old && Number(old.mode) & 0o7777))

const wantedOwner = ({ owner }: Permissions, old: Stats | undefined): { uid: number; gid: number } | undefined =>
  owner === false ? undefined : (owner ?? (old && { uid: Number(old.uid), gid: Number(old.gid) }))

/** With which mode the file is made. As long as its owner is not what it shall be, it is nobody else's business. */
export function creationMode(rights: Permissions, old: Stats | undefined): number {
  const mode = wantedMode(rights, old)
  if (mode === undefined) return newFileMode
  // What everybody may, any group may: mostly nobody needs to be asked.
  const forGroupOnly = (mode >> 3) & ~mode & 0o7
  const owner = forGroupOnly ? wantedOwner(rights, old) : undefined
  const foreign = owner && process.getuid && (owner.uid !== process.getuid() || owner.gid !== process.getgid?.())
  return mode & (foreign ? 0o700 : 0o777)
}

/** Gives a private file (`was`: what it is) its mode and owner, with as few calls as that takes: mostly none. */
export function* setPermissions(path: Path, was: Stats, rights: Permissions, old: Stats | undefined): Steps<void> {
  const owner = wantedOwner(rights, old)
  const given = !owner || (yield* giveTo(path, was, owner))
  const mode = wantedMode(rights, old)
  if (mode === undefined) return
  // Whoever has not become the owner must not run as if he were.
  const wanted = given ? mode : mode & 0o1777
  const changed = owner && (Number(was.uid) !== owner.uid || Number(was.gid) !== owner.gid)
  if (changed || (Number(was.mode) & 0o7777) !== wanted) yield* fs.chmod(path, wanted)
}

/** Answers whether it is theirs. */
function* giveTo(path: Path, was: Stats, { uid, gid }: { uid: number; gid: number }): Steps<boolean> {
  if (!process.getuid || (Number(was.uid) === uid && Number(was.gid) === gid)) return true
  const ordinary = process.getuid() !== 0
  try {
    // Ordinary users may change the group only, and only to one of their own.
    yield* fs.chown(path, ordinary ? -1 : uid, gid)
    return !ordinary || Number(was.uid) === uid
  } catch (error) {
    // EINVAL: there is no such user in this namespace.
    if (ordinary && hasCode(error, 'EPERM', 'EINVAL', 'ENOSYS', 'ENOTSUP')) return false
    throw error
  }
}
