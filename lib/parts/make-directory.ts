// Makes a directory and the missing ones above it: looks, then attempts, climbing by doubling, then asks the world.

import { dirname } from 'node:path'
import { hasCode, isSystemError, type SystemError, systemError } from '../core/errors.js'
import { platform } from '../core/platform.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { type Again, achieve, again, type Trial } from './achieve.js'
import { isInode } from './identity.js'
import { addFinding, namingOnly } from './public-names.js'

/** Returns the topmost directory that this call made, or undefined if it made none. */
export function* makeDirectory(path: string, mode: number, trial: Trial): Steps<string | undefined> {
  const climb: Climb = { levels: [path], mode, topmost: undefined, nothingAbove: undefined }
  const start = yield* guessStart(climb)
  // Usually the directory is there, and one look shows it. An attempt would cost two calls: EEXIST proves nothing.
  if (start === undefined && (yield* isDirectory(path))) return undefined
  try {
    yield* achieve(
      () => makeLevels(climb, start),
      error => statMade(path, error),
      trial,
    )
  } catch (error) {
    throw yield* findObstacle(error, path)
  }
  const { topmost } = climb
  if (topmost !== undefined || start !== undefined) yield* fs.remember(lastParent, topmost && dirname(topmost))
  return topmost
}

/** Under this key the thread keeps in which directory it made one a moment ago. */
const lastParent = 'mkdirp'
const mostGuessed = 32

/**
 * A caller that makes one directory usually makes more beside it: then the climb starts at the level right below the
 * remembered one. This is only a guess: what the attempt reports decides.
 */
function* guessStart({ levels }: Climb): Steps<number | undefined> {
  const above = yield* fs.recall(lastParent)
  if (typeof above !== 'string' || !levels[0]?.startsWith(above)) return undefined
  while (levels.length < mostGuessed) {
    const level = levels.at(-1) as string
    const next = dirname(level)
    if (next === above) return levels.length - 1
    if (next === level) return undefined
    levels.push(next)
  }
  return undefined
}

/** After an attempt that failed: is the directory there, or is another attempt worth it? */
function* statMade(path: string, error: SystemError): Steps<true | Again | undefined> {
  if (yield* isDirectory(path)) return true
  // Another process removed it, or a parent of it, between two calls; unless it could never be made.
  return hasCode(error, 'EEXIST', 'ENOENT') && !(yield* isBarred(path)) ? again : undefined
}

function* isDirectory(path: string): Steps<boolean> {
  try {
    return (yield* fs.stat(path, orNothing))?.isDirectory() ?? false
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

/**
 * Is the lowest name on the way to `path` a file, or a link that points nowhere? Or is the root missing, as on a
 * missing drive?
 */
function* isBarred(path: string): Steps<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const there = yield* fs.lstat(at, orNothing)
    if (there && !there.isSymbolicLink()) return !there.isDirectory()
    // A link that points nowhere, and is still that link. Another link, or none, means that the world has moved.
    if (there) return !(yield* isDirectory(at)) && (yield* isInode(at, there)) === true
    if (dirname(at) === at) return true
  }
}

/**
 * Which level the last attempt was about depends on where the climb began, so the error names the directory that was
 * asked for, and says what is in the way of it.
 */
function* findObstacle(error: unknown, path: string): Steps<unknown> {
  if (!isSystemError(error) || error.path === undefined) return error
  namingOnly(error, error.path, path)
  try {
    const obstacle = yield* obstacleTo(path)
    // There it is the error of what is missing, too.
    if (platform.isWindows && hasCode(error, 'ENOENT') && obstacle?.isFile)
      return systemError('ENOTDIR', error.syscall, obstacle.what, path)
    if (obstacle) addFinding(error, obstacle.what)
  } catch (another) {
    if (!isSystemError(another)) throw another
  }
  return error
}

/** What the lowest name is that is there, unless that is the directory right above. */
function* obstacleTo(path: string): Steps<{ readonly what: string; readonly isFile?: boolean } | undefined> {
  for (let at = path; ; at = dirname(at)) {
    const there = yield* fs.lstat(at, orNothing)
    if (there?.isSymbolicLink() && !(yield* isDirectory(at)))
      return { what: `'${at}' is a link that leads to no directory` }
    if (there?.isDirectory() || there?.isSymbolicLink())
      return at === path || at === dirname(path) ? undefined : { what: `above it, only '${at}' is there` }
    if (there) return { what: `'${at}' is not a directory`, isFile: true }
    if (dirname(at) === at) return undefined
  }
}

interface Climb {
  /** The directory, the one above it, and so on, as far up as was needed. */
  readonly levels: string[]
  readonly mode: number
  /** The topmost directory that was made. */
  topmost: string | undefined
  /** The error of the last level that had nothing above it. */
  nothingAbove: unknown
}

/**
 * Climbs by doubling (the directory itself, 1 up, 3 up, 7 up ...) to a level that is there or can be made, then
 * searches the levels that it skipped by halving, and makes its way down: k missing levels cost about k + log2 k calls,
 * where one by one would cost 2 k.
 */
function* makeLevels(climb: Climb, start = 0): Steps<true> {
  let hanging = -1 // the highest level that is known to have nothing above it
  let firm = start // the level that is tried, and then the lowest that is known to be there
  let met = yield* tryLevel(climb, firm)
  for (let stride = 1; met === 'nothing above'; stride *= 2) {
    hanging = firm
    firm += stride
    met = yield* tryLevel(climb, firm)
  }
  while (met === 'there' && firm - hanging > 1) {
    const between = (firm + hanging) >> 1
    const result = yield* tryLevel(climb, between)
    if (result === 'nothing above') hanging = between
    else [firm, met] = [between, result]
  }
  // On the way down, a level that was there a moment ago may be gone again: the error reports it, and the look decides.
  while (firm > 0) if ((yield* tryLevel(climb, --firm)) === 'nothing above') throw climb.nothingAbove
  return true
}

function* tryLevel(climb: Climb, up: number): Steps<'made' | 'there' | 'nothing above'> {
  const { levels, mode, topmost } = climb
  while (levels.length <= up) levels.push(dirname(levels.at(-1) as string))
  const level = levels[up] as string
  try {
    yield* fs.mkdir(level, mode)
    if (topmost === undefined || level.length < topmost.length) climb.topmost = level
    return 'made'
  } catch (error) {
    climb.nothingAbove = error
    if (hasCode(error, 'ENOENT') && dirname(level) !== level) return 'nothing above'
    // `achieve` looks at the directory itself. Above it EEXIST is enough: if a file has the name, the next level
    // reports ENOTDIR. EROFS, EACCES and others may be reported of a directory that is there.
    if (up > 0 && (hasCode(error, 'EEXIST') || (isSystemError(error) && (yield* isDirectory(level))))) return 'there'
    throw error
  }
}
