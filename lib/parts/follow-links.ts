// What a path is about: the name itself, or what a link of that name leads to.

import { isUtf8 } from 'node:buffer'
import { dirname, isAbsolute } from 'node:path'
import { hasCode, type SystemError, systemError } from '../core/errors.js'
import { platform } from '../core/platform.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { dirOf } from './tree.js'

const mostLinks = 40

/** What has a name: `there` is undefined if nothing has it. */
export interface Place {
  readonly at: string
  readonly there: Stats | undefined
}

/**
 * Returns what has the name. With `follows`, a link is followed to its end, and that is where `at` is. With `passages`,
 * one that only the system can follow is returned as it is, and is an error otherwise.
 */
export function* resolveLinks(path: string, follows: boolean, passages = false): Steps<Place> {
  let at = path
  for (let links = 0; links <= mostLinks; links++) {
    const there = yield* fs.lstat(at, orNothing)
    if (!follows || !there?.isSymbolicLink()) return { at, there }
    yield* refusePlanted(at, there)
    const text = yield* linkText(at)
    if (text === undefined) continue
    if (yield* isPassage(there, text)) {
      if (passages) return { at, there }
      throw passage(at)
    }
    if (!isUtf8(text)) throw systemError('EILSEQ', 'readlink', 'the text of the link is not UTF-8', at)
    const to = text.toString()
    // Not normalised, because behind a link only the system knows where `..` leads.
    at = isAbsolute(to) ? to : `${dirname(at)}/${to}`
  }
  throw systemError('ELOOP', 'open', `more than ${mostLinks} links`, path)
}

/** With a slash at its end, the system follows a link. */
export const withoutSlash = (path: string): string =>
  path.replace(platform.isWindows ? /(?<=[^:\\])\\+$/ : /(?<=.)\/+$/, '')

/**
 * Returns where a path leads that is only to be opened: no link that another user may have planted is on the way. At the
 * end there is a link only if the system alone can follow it.
 */
export function* findEnd(path: string): Steps<Place> {
  const name = withoutSlash(path)
  try {
    return yield* resolveLinks(name, true, true)
  } catch (error) {
    // The text of a link is not UTF-8.
    if (!hasCode(error, 'EILSEQ')) throw error
    return { at: name, there: yield* fs.lstat(name, orNothing) }
  }
}

/** The text of a link; undefined if it is none any more. */
export function* linkText(at: Path): Steps<Buffer | undefined> {
  try {
    return yield* fs.readlink(at)
  } catch (error) {
    // It was a link a moment ago, and is none any more: look again.
    if (hasCode(error, 'EINVAL', 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Does the link lead through procfs, as `/dev/stdout` does? The system does not follow its text, which may be the name
 * of a pipe, or of a file that has another name now. Such a link has no length, or not the mode of other links.
 */
function* isPassage({ dev, mode, size }: Stats, text: Buffer): Steps<boolean> {
  if (process.platform !== 'linux' || ((mode & 0o777n) === 0o777n && Number(size) === text.length)) return false
  return (yield* fs.lstat('/proc/self', orNothing))?.dev === dev
}

/** The error for a link that only the system can follow. */
export const passage = (at: string, advice = ''): SystemError =>
  systemError('EINVAL', 'open', `the link leads through /proc, so nothing can replace what it leads to${advice}`, at)

/**
 * Did another user put it there, in a directory in which every user of a group, or of the machine, may put things (one
 * like /tmp)? It may be a bait. What the owner of that directory has put there is none: that user can do worse.
 */
export function* isPlanted(at: Path, there: Stats): Steps<boolean> {
  if (!isOfAnother(there)) return false
  const { uid } = there
  const dir = yield* fs.stat(dirOf(at), orNothing)
  return dir !== undefined && (dir.mode & 0o1000n) !== 0n && (dir.mode & 0o022n) !== 0n && dir.uid !== uid
}

/** Does it belong to the user that this process acts for? Windows has no such owners. */
export const isOwn = ({ uid }: Stats): boolean => process.geteuid === undefined || Number(uid) === process.geteuid()

/** Root plants nothing: root can do worse. */
export const isOfAnother = (there: Stats): boolean => there.uid !== 0n && !isOwn(there)

/** Refuses what another user may have planted, as Linux does with `fs.protected_symlinks` and `fs.protected_regular`. */
export function* refusePlanted(at: Path, there: Stats): Steps<void> {
  if (yield* isPlanted(at, there))
    throw systemError('EACCES', 'open', 'another user has put it into a sticky directory that others may write', at)
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
