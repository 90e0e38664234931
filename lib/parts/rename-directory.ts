// Windows lets a directory that is renamed take the place of a file, and never that of a directory. Elsewhere it is the other
// way round, and that is what functions promise: the file stays.

import { systemError } from '../core/errors.js'
import { platform } from '../core/platform.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'

/** Renames a directory, but not onto a file that is there now. */
export const renameDirectory = (from: Path, to: Path): Steps<void> =>
  platform.isWindows ? renameUnlessFile(from, to) : fs.rename(from, to)

function* renameUnlessFile(from: Path, to: Path): Steps<void> {
  const there = yield* fs.lstat(to, orNothing)
  if (there && !there.isDirectory())
    throw systemError('ENOTDIR', 'rename', 'what has the name is no directory', from, to)
  yield* fs.rename(from, to)
}
