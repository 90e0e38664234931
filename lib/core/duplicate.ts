// Makes one thing twice: at a private name, out of which it is published.

import type { Stats } from './disk.js'
import { systemError } from './errors.js'
import { asBefore, giveRights } from './rights.js'
import { fs, type Path, type Steps } from './steps.js'

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
    yield* fs.copyFile(from, to)
    if (keeps.owner) yield* giveRights(to, yield* fs.lstat(to), asBefore, was)
    if (keeps.times) yield* keepTimes(to, was)
  } else throw systemError('EINVAL', 'copyfile', 'neither a file nor a link, and cannot be copied', from, to)
}

/** To the microsecond, roughly: Node takes seconds as a number. */
export function* keepTimes(path: Path, { atimeNs, mtimeNs }: Stats): Steps<void> {
  yield* fs.utimes(path, Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9)
}
