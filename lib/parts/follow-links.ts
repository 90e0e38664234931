// What a name stands for: itself, or what a link of that name leads to.

import { dirname, isAbsolute } from 'node:path'
import { hasCode, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'

const mostLinks = 40

/** What has the name. If that is a link, and `follows`, where it leads in the end, whether anything is there or not. */
export function* resolveLinks(path: string, follows: boolean): Steps<{ at: string; there: Stats | undefined }> {
  let at = path
  for (let links = 0; links <= mostLinks; links++) {
    const there = yield* fs.lstat(at, orNothing)
    if (!follows || !there?.isSymbolicLink()) return { at, there }
    const text = yield* linkText(at)
    // Not normalised: only the system knows what `..` is behind a link.
    if (text !== undefined) at = isAbsolute(text) ? text : `${dirname(at)}/${text}`
  }
  throw systemError('ELOOP', 'open', `more than ${mostLinks} links`, path)
}

function* linkText(at: string): Steps<string | undefined> {
  try {
    return (yield* fs.readlink(at)).toString()
  } catch (error) {
    // It was a link a moment ago: look again.
    if (hasCode(error, 'EINVAL', 'ENOENT')) return undefined
    throw error
  }
}

/** A rename over a special file would lose it. */
export function refuseSpecialFile(at: string, there: Stats): void {
  if (there.isDirectory()) throw systemError('EISDIR', 'open', 'a directory has the name', at)
  if (!there.isFile() && !there.isSymbolicLink())
    throw systemError(
      'EINVAL',
      'open',
      'a special file (a device, a pipe or a socket) has the name, and is not replaced',
      at,
    )
}
