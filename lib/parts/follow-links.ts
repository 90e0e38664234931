// What a name stands for: itself, or what a link of that name leads to.

import { dirname, isAbsolute } from 'node:path'
import { hasCode, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Steps } from '../core/steps.js'

const mostLinks = 40

/** What has the name; if it is a link, and links are followed, where that leads in the end, be anything there or not. */
export function* found(path: string, follows: boolean): Steps<{ at: string; there: Stats | undefined }> {
  let at = path
  for (let links = 0; links <= mostLinks; links++) {
    const there = yield* fs.lstat(at, orNothing)
    if (!follows || !there?.isSymbolicLink()) return { at, there }
    const text = yield* linkText(at)
    // Not normalised: what `..` is, behind a link, the system knows.
    if (text !== undefined) at = isAbsolute(text) ? text : `${dirname(at)}/${text}`
  }
  throw systemError('ELOOP', 'open', `more than ${mostLinks} links`, path)
}

function* linkText(at: string): Steps<string | undefined> {
  try {
    return (yield* fs.readlink(at)).toString()
  } catch (error) {
    // It was one a moment ago: look again.
    if (hasCode(error, 'EINVAL', 'ENOENT')) return undefined
    throw error
  }
}

/** To rename over a device would be to lose it. */
export function refuseOddities(at: string, there: Stats): void {
  if (there.isDirectory()) throw systemError('EISDIR', 'open', 'a directory has the name', at)
  if (!there.isFile() && !there.isSymbolicLink())
    throw systemError('EINVAL', 'open', 'a device, a pipe or a socket has the name, and cannot be replaced', at)
}
