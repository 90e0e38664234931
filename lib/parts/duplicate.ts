// Makes one thing twice: at a private name, out of which it is published.

import { systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { setPermissions, unchanged } from './permissions.js'
import { closing } from './stage.js'

/** What is kept besides the bytes and the mode; each costs calls. */
export interface Keeps {
  readonly times: boolean
  /** As far as the system lets us: ordinary users cannot give files away. */
  readonly owner: boolean
}

/** Makes `to`, which is nobody else's, what `from` is: a file's bytes (a clone where that is to be had), a link's text. */
export function* duplicate(from: Path, to: Path, was: Stats, keeps: Keeps): Steps<void> {
  if (was.isSymbolicLink()) yield* fs.symlink(yield* fs.readlink(from), to)
  else if (was.isFile()) {
    yield* runsAsAnother(was) ? copyUnmarked(from, to) : fs.copyFile(from, to)
    if (keeps.owner) yield* setPermissions(to, yield* fs.lstat(to), unchanged, was)
    else if (runsAsAnother(was)) yield* fs.chmod(to, Number(was.mode) & 0o777)
    if (keeps.times) yield* keepTimes(to, was)
  } else throw systemError('EINVAL', 'copyfile', 'neither a file nor a link, and cannot be copied', from, to)
}

/** Set-user-ID, or the like, and not ours: whoever ran the copy would run as we, if only for as long as it is ours. */
const runsAsAnother = ({ mode, uid, gid }: Stats): boolean =>
  process.getuid !== undefined &&
  (Number(mode) & 0o6000) !== 0 &&
  (Number(uid) !== process.getuid() || Number(gid) !== process.getgid?.())

const chunkBytes = 1024 * 1024

/** The bytes, for nobody else to run. */
function* copyUnmarked(from: Path, to: Path): Steps<void> {
  const source = yield* fs.open(from, 'r')
  yield* closing(source, function* () {
    const target = yield* fs.open(to, 'wx', 0o600)
    yield* closing(target, () => copyBytes(source, target))
  })
}

/** All the bytes of an open file, from its beginning, into another; answers how many. */
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

/** To the microsecond, roughly: Node takes seconds as a number. */
export function* keepTimes(path: Path, { atimeNs, mtimeNs }: Stats): Steps<void> {
  yield* fs.utimes(path, Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9)
}
