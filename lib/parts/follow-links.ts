// What a path is about: the name itself, or what a link of that name leads to.

import { dirname, isAbsolute } from 'node:path'
import { hasCode, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'

const mostLinks = 40

/**
 * Returns what has the name. With `follows`, a link is followed to its end: `at` is that path, and `there` is undefined
 * if nothing is there.
 */
export function* resolveLinks(path: string, follows: boolean): Steps<{ at: string; there: Stats | undefined }> {
  let at = path
  for (let links = 0; links <= mostLinks; links++) {
    const there = yield* fs.lstat(at, orNothing)
    if (!follows || !there?.isSymbolicLink()) return { at, there }
    const text = yield* linkText(at)
    // Not normalised, because behind a link only the system knows where `..` leads.
    if (text !== undefined) at = isAbsolute(text) ? text : `${dirname(at)}/${text}`
  }
  throw systemError('ELOOP', 'open', `more than ${mostLinks} links`, path)
}

function* linkText(at: string): Steps<string | undefined> {
  try {
    return (yield* fs.readlink(at)).toString()
  } catch (error) {
    // It was a link a moment ago, and is none any more: look again.
    if (hasCode(error, 'EINVAL', 'ENOENT')) return undefined
    throw error
  }
}

/** Refuses what a rename must not replace: a directory, or a special file, which would be lost. */
export function refuseSpecialFile(at: string, there: Stats): void {
  if (there.isDirectory()) throw systemError('EISDIR', 'open', 'a directory has the name', at)
  if (!there.isFile() && !there.isSymbolicLink())
    throw systemError(
      'EINVAL',
      'open',
      'a special file (a device, a pipe or a socket) has the name, and is never replaced',
      at,
    )
}
