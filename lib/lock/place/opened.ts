// A lock that another user has made in a sticky directory which others may write, one like /tmp. At any moment that user
// can make of its name a link to another lock, with a token of the same name in it: a rename by path would take that lock.
// So the token is looked up in the directory itself, which is opened, and where a link has the name it is not followed.
// The tokens of a hold need no such care: their names are new, so no other directory has them.

import { notACell } from '../../cell/transition.js'
import { hasCode } from '../../core/errors.js'
import type { Stats } from '../../core/stats.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { mayUseDescriptors } from '../../parts/directory-handle.js'
import { namingDirectory } from '../../parts/public-names.js'
import { closing } from '../../parts/stage.js'

/** Can a directory be used by its descriptor here? */
export const canOpen = mayUseDescriptors

/** Runs steps with a path to the very directory that has the name now; undefined if nothing has it any more. */
export function* inOpened<T>(dir: string, use: (at: string, fd: number) => Steps<T>): Steps<T | undefined> {
  let fd: number
  try {
    fd = yield* fs.open(dir, 'r directory')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    if (hasCode(error, 'ENOTDIR', 'ELOOP')) throw notACell(dir, 'it is a link, which is not followed', error)
    throw error
  }
  const at = `/proc/self/fd/${fd}`
  try {
    return yield* closing(fd, () => use(at, fd))
  } catch (error) {
    throw namingDirectory(error, at, dir)
  }
}

/** Runs steps with a path to the directory, by its descriptor where that is possible, and with what that is. */
export function* inDirectory<T>(dir: string, use: (at: string, there: Stats) => Steps<T>): Steps<T | undefined> {
  if (canOpen())
    return yield* inOpened(dir, function* (at, fd) {
      return yield* use(at, yield* fs.fstat(fd))
    })
  const there = yield* fs.lstat(dir, orNothing)
  return there?.isDirectory() ? yield* use(dir, there) : undefined
}
