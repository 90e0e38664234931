// Makes a copy of one file or link at a private name, from which it is then published.

import { systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { setPermissions, unchanged } from './permissions.js'
import { closing } from './stage.js'

/** What a copy keeps besides the bytes and the mode. Each of these costs calls. */
export interface Kept {
  readonly times: boolean
  /** As far as the system allows it: ordinary users cannot give files away. */
  readonly owner: boolean
}

/** Copies `from` to `to`, a private name: a file's bytes (a clone where the disk can make one), or a link's text. */
export function* duplicate(from: Path, to: Path, was: Stats, kept: Kept): Steps<void> {
  if (was.isSymbolicLink()) yield* fs.symlink(yield* fs.readlink(from), to)
  else if (was.isFile()) {
    yield* runsAsAnother(was) ? copyForOwnerOnly(from, to) : fs.copyFile(from, to)
    if (kept.owner) yield* setPermissions(to, yield* fs.lstat(to), unchanged, was)
    else if (runsAsAnother(was)) yield* fs.chmod(to, Number(was.mode) & 0o777)
    if (kept.times) yield* keepTimes(to, was)
  } else throw systemError('EINVAL', 'copyfile', 'it is neither a file nor a link, so it cannot be copied', from, to)
}

/**
 * Has the file the set-user-ID or set-group-ID bit, and an owner or a group that is not ours? The copy belongs to us at
 * first, so with those bits a process that ran it would run as us.
 */
const runsAsAnother = ({ mode, uid, gid }: Stats): boolean =>
  process.getuid !== undefined &&
  (Number(mode) & 0o6000) !== 0 &&
  (Number(uid) !== process.getuid() || Number(gid) !== process.getgid?.())

const chunkBytes = 1024 * 1024

/** Copies the bytes only, into a file that no other user can open and that cannot be run. */
function* copyForOwnerOnly(from: Path, to: Path): Steps<void> {
  const source = yield* fs.open(from, 'r')
  yield* closing(source, function* () {
    const target = yield* fs.open(to, 'wx', 0o600)
    yield* closing(target, () => copyBytes(source, target))
  })
}

/** Copies all the bytes of an open file, from its beginning, into another; returns how many. */
export function* copyBytes(source: number, target: number): Steps<number> {
  const chunk = Buffer.allocUnsafe(chunkBytes)
  let size = 0
  for (;;) {
    const got = yield* fs.read(source, chunk, size)
    if (got === 0) return size
    size += got
    for (let at = 0; at < got; ) at += yield* fs.write(target, chunk.subarray(at, got))
  }
}

/** Sets the times of access and change, roughly to the microsecond, because Node takes seconds as a number. */
export function* keepTimes(path: Path, { atimeNs, mtimeNs }: Stats): Steps<void> {
  yield* fs.utimes(path, Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9)
}
