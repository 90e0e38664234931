import { dirname } from 'node:path'
import { dual } from './core/dual.js'
import { hasCode, isSystemError, type SystemError } from './core/errors.js'
import { asMode, asPath, type Patience } from './core/input.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { type Again, achieve, again, asLastWord, isLastWord } from './parts/achieve.js'
import { same } from './parts/claim.js'

export interface MkdirpOptions extends Patience {
  /** Permission bits of the directories that are made, less the umask: a number or an octal string. @default 0o777 */
  readonly mode?: number | string | undefined
}

/**
 * Makes a directory and the missing ones above it.
 *
 * Holds afterwards: `dir` is a directory, or a link to one, whoever made it.
 *
 * Not promised: that it is still there when you look, if somebody removes directories meanwhile; that it succeeds beside
 * somebody who does nothing but remove, without a pause (ENOENT after `retryFor`); that the mode of a directory which was there already is
 * `mode`. Promises of one thread for one directory are kept one after the other.
 *
 * @param dir A path, or a `file:` URL. A component that is a file, or a link that points nowhere, is an error at once.
 * @returns The topmost directory that this very call made, or undefined if it made none. Among callers that only make
 *   directories, no directory is answered twice.
 * @throws What `mkdir` said last, unchanged: ENOTDIR or EEXIST (a file is in the way), EACCES, EROFS, ENOSPC ...;
 *   ENOENT when others went on removing its parents for all of `retryFor`. Bad input: `ERR_INVALID_ARG_TYPE`,
 *   `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, before anything is done.
 *
 * @example
 * const made = await mkdirp('build/out/css', { mode: 0o755 })
 *
 * Source of the protocol: `MkdirAll` of Go's os package (attempt, then ask the world), with a look first and a climb
 * by doubling.
 */
export const mkdirp = dual(
  function* mkdirp(dir: string | URL, options: MkdirpOptions = {}): Steps<string | undefined> {
    const path = asPath(dir, 'dir')
    const mode = asMode(options.mode, 0o777)
    const climb: Climb = { levels: [path], mode, topmost: undefined, gone: undefined }
    const guess = yield* guessed(climb)
    // Mostly it is there, and then one look is all it costs. An attempt would cost two calls: EEXIST says nothing.
    if (guess === undefined && (yield* isDirectory(path))) return undefined
    const trial = { as: 'mkdirp', path, retryFor: options.retryFor }
    yield* achieve(
      () => make(climb, guess),
      error => isThere(path, error),
      trial,
    )
    const { topmost } = climb
    if (topmost !== undefined || guess !== undefined) yield* fs.remember(lately, topmost && dirname(topmost))
    return topmost
  },
  // Many at once ask for one directory: the first makes it, and the others find it.
  dir => [asPath(dir, 'dir')],
)

/** Under this it is kept in mind where a directory was made a moment ago. */
const lately = 'mkdirp'

/**
 * Who makes one mostly makes more beside it: then the level to begin with is the one right below where that was. Only a
 * guess: what the attempt says decides.
 */
function* guessed({ levels }: Climb): Steps<number | undefined> {
  const above = yield* fs.recall(lately)
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
const mostGuessed = 32

/** Looks after an attempt that failed: is it there, is it worth another try? */
function* isThere(path: string, error: SystemError): Steps<true | Again | undefined> {
  if (yield* isDirectory(path)) return true
  // Somebody removed it, or a parent of it, between two calls; unless it never could be.
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

/** Is the lowest name on the way to `path` a file, or a link that points nowhere? (Or no root there, as on a missing drive?) */
function* isBarred(path: string): Steps<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const there = yield* fs.lstat(at, orNothing)
    if (there && !there.isSymbolicLink()) return !there.isDirectory()
    // A link that leads nowhere, and is still that link; another one, or none by now, means that the world has moved.
    if (there) return !(yield* isDirectory(at)) && same(yield* fs.lstat(at, orNothing), there)
    if (dirname(at) === at) return true
  }
}

/** A call under way. */
interface Climb {
  /** The directory, the one above it, and so on, as far up as was needed. */
  readonly levels: string[]
  readonly mode: number
  /** The topmost directory that was made. */
  topmost: string | undefined
  /** What was said when a level had nothing above it. */
  gone: unknown
}

/**
 * Climbs by doubling (itself, 1 up, 3 up, 7 up ...) to a level that is there or can be made, halves what it skipped,
 * and makes its way down: k missing levels cost about k + log2 k calls, where one by one would cost 2 k.
 */
function* make(climb: Climb, guess = 0): Steps<true> {
  let hanging = -1 // the highest level that is known to have nothing above it
  let firm = guess // the level that is tried, and then the lowest that is known to be there
  let met = yield* tryLevel(climb, firm)
  for (let stride = 1; met === 'nothing above'; stride *= 2) {
    hanging = firm
    firm += stride
    met = yield* tryLevel(climb, firm)
  }
  while (met === 'there' && firm - hanging > 1) {
    const between = (firm + hanging) >> 1
    const found = yield* tryLevel(climb, between)
    if (found === 'nothing above') hanging = between
    else [firm, met] = [between, found]
  }
  // On the way down, what was above it a moment ago may be gone again: the error says so, and the look decides.
  while (firm > 0) if ((yield* tryLevel(climb, --firm)) === 'nothing above') throw climb.gone
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
    climb.gone = error
    if (hasCode(error, 'ENOENT') && dirname(level) !== level) return 'nothing above'
    // `dir` itself is looked at by whoever asked for it. Above it EEXIST is enough: if a file has the name, the next
    // level says ENOTDIR. EROFS, EACCES and others may be said of a directory that is there.
    if (up > 0 && (hasCode(error, 'EEXIST') || (isSystemError(error) && (yield* isDirectory(level))))) return 'there'
    throw error
  }
}

/**
 * Runs steps that put a name into a directory; where that is missing, and `parents` are wanted, it is made first.
 * If the steps also need `source`, ENOENT may be about that, and then nothing is made.
 */
export const withParents = <T>(path: string, parents: boolean, steps: () => Steps<T>, source?: string): Steps<T> =>
  // Nothing stands between, where nothing is wanted: each generator costs as much as half a call.
  parents ? guarded(path, steps, source) : steps()

function* guarded<T>(path: string, steps: () => Steps<T>, source: string | undefined): Steps<T> {
  try {
    return yield* steps()
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || isLastWord(error)) throw error
    if (source !== undefined && !(yield* fs.lstat(source, orNothing))) throw error
    yield* makeParents(path)
    return yield* steps()
  }
}

function* makeParents(path: string): Steps<void> {
  try {
    yield* mkdirp.steps(dirname(path))
  } catch (error) {
    // ENOENT of a name is worth another try, because its directory may have gone again; of its parents it is not.
    throw asLastWord(error)
  }
}
