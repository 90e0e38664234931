import { dirname, isAbsolute, resolve } from 'node:path'
import { achieve, type Trial } from './core/achieve.js'
import { same } from './core/claim.js'
import type { Stats } from './core/disk.js'
import { dual } from './core/drive.js'
import { syncName } from './core/durable.js'
import { hasCode, isSystemError, mounted, systemError } from './core/errors.js'
import { asDurability, asFlag, asPath, type Durability, oneOf, type Patience, refusal } from './core/input.js'
import { asRights, giveRights, type Rights, rightsAtBirth } from './core/rights.js'
import { asSource, type Data, type Source } from './core/source.js'
import { type Staged, staged } from './core/stage.js'
import { fs, type Outcome, orNothing, type Steps, together } from './core/steps.js'
import { withParents } from './mkdirp.js'
import { pour } from './write-in-place.js'

export interface WriteFileOptions extends Patience {
  /** Of strings. @default 'utf8' */
  readonly encoding?: BufferEncoding | undefined
  /** Permission bits, exactly these whatever the umask: a number or an octal string. False: as a new file, less the umask. @default those of the file that is replaced */
  readonly mode?: number | string | false | undefined
  /** The owner; false: whoever it comes to. Ordinary users cannot give files away: then it stays theirs, and that is no error. @default that of the file that is replaced */
  readonly chown?: { readonly uid: number; readonly gid: number } | false | undefined
  /** `file`: the data is on the disk before the name changes; `full`: the name too. @default 'file' */
  readonly durability?: Durability | undefined
  /** If the name is a link: what it leads to is written, there or not; or the link is replaced. @default 'follow' */
  readonly symlinks?: 'follow' | 'replace' | undefined
  /** What cannot be replaced (a file that is mounted, as containers do) is written in place, which is not atomic. @default 'never' */
  readonly inPlace?: 'never' | 'when-needed' | undefined
  /** A file with several names: `part` replaces this name's only; `keep` writes in place, for all its names, if `inPlace` allows it. @default 'part' */
  readonly hardLinks?: 'part' | 'keep' | undefined
  /** Makes missing directories above the file. @default false */
  readonly parents?: boolean | undefined
}

/**
 * Writes a file, whole.
 *
 * Holds afterwards: at an instant during the call `file` had exactly this content, and every reader, at any moment, sees
 * all of the old or all of the new, and never nothing. Mode and owner stay as they were. If it fails, or its stream does,
 * or it is stopped, the old file is there, and nothing beside it; whoever is killed on the way leaves at most a private
 * name, for `sweep`.
 *
 * Not promised: which of several processes comes last. Calls of one thread for one path land in the order of the calls
 * (`.sync` lands at once). Extended attributes, ACLs and birth times are not kept; whoever holds the old file open goes
 * on reading the old. What is written `inPlace` can be seen half done, and a crash leaves it so. With `durability: 'file'`
 * a power cut may bring the old content back, never a part.
 *
 * @param file A path, or a `file:` URL. What is no file (a directory, a device, a pipe) is an error, before anything is done.
 * @param data A string, a view (all its bytes), or an iterable, async iterable or stream of those. Views are not copied:
 *   do not change them until the call has ended. The sync form takes no async ones.
 * @returns Nothing.
 * @throws What the system said, unchanged: ENOENT (no directory above, and no `parents`), ENOSPC, EACCES, EROFS, EISDIR,
 *   EBUSY (a mount point, and no `inPlace`) ... What the stream threw, that very object.
 *
 * @example
 * await writeFile('settings.json', JSON.stringify(settings, null, 2))
 * await writeFile('dump.sql', response.body, { durability: 'full', signal: AbortSignal.timeout(60_000) })
 *
 * Source of the protocol: stage, fsync, rename, fsync of the directory, as in renameio and SQLite.
 */
export const writeFile = dual(
  function* writeFile(file: string | URL, data: Data, options: WriteFileOptions = {}): Steps<void> {
    const job = asWriting(file, data, options, 'writeFile')
    const at = yield* write(job)
    yield* syncName(at, job.durability)
  },
  file => [resolve(asPath(file, 'file'))],
)

/** A call under way. */
export interface Writing {
  readonly path: string
  readonly source: Source
  readonly rights: Rights
  readonly durability: Durability
  readonly follows: boolean
  readonly inPlace: boolean
  readonly keepsLinks: boolean
  readonly parents: boolean
  readonly trial: Trial
}

export function asWriting(file: string | URL, data: unknown, options: WriteFileOptions, as: string): Writing {
  const path = asPath(file, 'file')
  const parents = asFlag(options.parents, 'options.parents')
  const hardLinks = oneOf(options.hardLinks, 'options.hardLinks', ['part', 'keep'], 'part')
  const inPlace = oneOf(options.inPlace, 'options.inPlace', ['never', 'when-needed'], 'never') === 'when-needed'
  // Never without the word for it: what is written in place can be seen half done.
  if (hardLinks === 'keep' && !inPlace)
    throw refusal(
      'ERR_INVALID_ARG_VALUE',
      'options.inPlace',
      "'when-needed' if hard links shall be kept",
      options.inPlace,
    )
  return {
    path,
    parents,
    inPlace,
    rights: asRights(options),
    durability: asDurability(options.durability),
    follows: oneOf(options.symlinks, 'options.symlinks', ['follow', 'replace'], 'follow') === 'follow',
    keepsLinks: hardLinks === 'keep',
    trial: { as, path, retryFor: options.retryFor, never: mounted },
    source: asSource(data, 'data', oneOf(options.encoding, 'options.encoding', encodings, 'utf8')),
  }
}

const encodings = [
  'utf8',
  'utf-8',
  'utf16le',
  'utf-16le',
  'ucs2',
  'ucs-2',
  'latin1',
  'binary',
  'ascii',
  'hex',
  'base64',
  'base64url',
] as const

/** Writes, and answers the name where the file is in truth. */
export function* write(job: Writing): Steps<string> {
  const { source, trial } = job
  // One that fails at once, or cannot be waited for, fails before anything is done.
  const first = source.whole ?? (yield* source.next())
  // The directory may vanish between two calls; then all is written again, unless it came from a stream.
  const also = job.parents && source.whole ? (['ENOENT'] as const) : []
  try {
    return yield* achieve(() => attempt(job, first), nothingElseHolds, { ...trial, also })
  } catch (error) {
    source.stop()
    throw error
  }
}

/** Only what was renamed is there, and that is looked at where it is renamed. */
// biome-ignore lint/correctness/useYield: there is nothing to call
function* nothingElseHolds(): Steps<undefined> {
  return undefined
}

function* attempt(job: Writing, first: Uint8Array | undefined): Steps<string> {
  const { at, there } = yield* found(job.path, job.follows)
  if (there) refuseOddities(at, there)
  const old = there?.isFile() ? there : undefined
  const target: Target = { at, old, inPlace: job.keepsLinks && old !== undefined && old.nlink > 1n }
  const birth = rightsAtBirth(job.rights, old)
  yield* withParents(at, job.parents, () =>
    staged(
      at,
      path => opened(path, birth),
      stage => publish(job, target, stage, first),
      made => (made.open ? [fs.close(made.fd)] : []),
    ),
  )
  return at
}

/** The file that is written, before it has its name. */
interface Made {
  readonly fd: number
  open: boolean
}

interface Target {
  readonly at: string
  /** The file that is there. */
  readonly old: Stats | undefined
  readonly inPlace: boolean
}

function* opened(path: string, mode: number): Steps<Made> {
  return { fd: yield* fs.open(path, 'wx', mode), open: true }
}

const mostLinks = 40

/** What has the name; if it is a link, and links are followed, where that leads in the end, be anything there or not. */
function* found(path: string, follows: boolean): Steps<{ at: string; there: Stats | undefined }> {
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
function refuseOddities(at: string, there: Stats): void {
  if (there.isDirectory()) throw systemError('EISDIR', 'open', 'a directory has the name', at)
  if (!there.isFile() && !there.isSymbolicLink())
    throw systemError('EINVAL', 'open', 'a device, a pipe or a socket has the name, and cannot be replaced', at)
}

function* publish(job: Writing, target: Target, stage: Staged<Made>, first: Uint8Array | undefined): Steps<void> {
  const { made } = stage
  const was = yield* fill(made.fd, job.source, first)
  yield* giveRights(stage.path, was, job.rights, target.old)
  if (job.durability !== 'none') yield* fs.fsync(made.fd)
  if (target.inPlace) return yield* pour(stage.path, target.at, job)
  try {
    yield* achieve(
      () => renamed(stage, target.at),
      () => isThere(target.at, was),
      job.trial,
    )
    stage.spent = true
  } catch (error) {
    if (!job.inPlace || !hasCode(error, ...mounted)) throw hinted(error)
    yield* pour(stage.path, target.at, job)
  }
}

/** Writes all there is, and tells what the file is then. */
function* fill(fd: number, source: Source, first: Uint8Array | undefined): Steps<Stats> {
  let piece = first
  if (!source.whole) {
    for (; piece; piece = yield* source.next()) yield* writeFrom(fd, piece, 0)
    return yield* fs.fstat(fd)
  }
  // At once, because neither needs the other.
  const [written, seen] = (yield* together<unknown>([fs.write(fd, source.whole), fs.fstat(fd)])) as [
    Outcome<number>,
    Outcome<Stats>,
  ]
  yield* writeFrom(fd, source.whole, answer(written))
  return answer(seen)
}

/** However little one call takes. */
function* writeFrom(fd: number, bytes: Uint8Array, written: number): Steps<void> {
  for (let at = written; at < bytes.length; ) at += yield* fs.write(fd, at === 0 ? bytes : bytes.subarray(at))
}

function answer<T>(outcome: Outcome<T>): T {
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

/**
 * The first try closes the file at once with it. That is safe: as long as the rename has not been done, the private name
 * keeps the inode's number from being used again.
 */
function* renamed(stage: Staged<Made>, to: string): Steps<true> {
  const { made } = stage
  if (!made.open) yield* fs.rename(stage.path, to)
  else {
    const [outcome] = yield* together([fs.rename(stage.path, to), fs.close(made.fd)])
    made.open = false
    answer(outcome as Outcome<void>)
  }
  return true
}

/** Looks after a rename that failed. */
function* isThere(at: string, was: Stats): Steps<true | undefined> {
  return same(yield* fs.lstat(at, orNothing), was) || undefined
}

function hinted(error: unknown): unknown {
  if (isSystemError(error) && hasCode(error, ...mounted))
    error.message += " (the file is a mount point: `inPlace: 'when-needed'` writes it, and is not atomic)"
  return error
}
