// Files under their locks: they are read, `change` is called once for all of them, and what it returned is written.

import { hasCode } from '../core/errors.js'
import type { Publication } from '../core/publication.js'
import { fs, type Steps } from '../core/steps.js'
import { isThenable } from '../core/wait.js'
import type { Hold } from '../lock/hold.js'
import { UnderLock } from '../lock/under-lock.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { ofUser } from '../parts/cleanup.js'
import { syncName } from '../parts/durable.js'
import { isOfAnother, refusePlanted, refuseSpecialFile, resolveLinks } from '../parts/follow-links.js'
import { addFinding } from '../parts/public-names.js'
import { write } from '../write-file/write.js'
import { asWriting, type WriteFileOptions } from '../write-file.js'
import { attendedByAll, holdsOf, insideAll, type Locked, renewAll } from './all-held.js'
import { type Codec, type Content, invalidReturn } from './codec.js'

/** What is done with the files of a call. */
export interface Changing {
  readonly paths: readonly string[]
  readonly change: (old: unknown, work: UnderLock) => unknown
  /** `change` gets and returns lists: a value of each file. */
  readonly isList: boolean
  readonly codec: Codec
  readonly writing: WriteFileOptions
  readonly publication: Publication
}

/** A name leads elsewhere now, to a file with another lock. */
export const moved = Symbol('moved')

/** `files` are the files, in the order of the call, each with its lock. */
export function* changeLocked(job: Changing, files: readonly Locked[]): Steps<unknown> {
  const { paths, isList } = job
  const olds: Content[] = []
  for (let at = 0; at < paths.length; at++)
    if ((yield* resolveFile(paths[at] as string)) !== files[at]?.locking.path) return moved
  for (const { locking } of files) {
    const trial = { as: 'updateFile', path: locking.path, retryFor: job.writing.retryFor }
    const read = yield* achieve(() => readBytes(locking.path), noEvidence, trial)
    if (read === moved) return moved
    olds.push(job.codec(read.bytes, locking.path))
  }
  const holds = holdsOf(files)
  const sinceMs = yield* fs.now()
  const { returned, next } = yield* makeChange(job, olds, files, holds)
  const news = isList ? asList(next, files.length) : [next]
  const data = olds.map((old, at) => encoded(old, news[at]))
  if (data.some(isGiven)) yield* writeChanged(job, files, holds, data, isThenable(returned) ? undefined : sinceMs)
  const results = olds.map(({ value }, at) => (news[at] === undefined ? value : news[at]))
  return isList ? results : results[0]
}

/** Returns where a name leads. */
export function* resolveFile(path: string): Steps<string> {
  const { at, there } = yield* resolveLinks(path, true)
  if (there) {
    refuseSpecialFile(at, there)
    if (isOfAnother(there)) yield* refusePlanted(at, there)
  }
  return at
}

const isGiven = (value: unknown): boolean => value !== undefined

function asList(next: unknown, length: number): readonly unknown[] {
  if (next === undefined) return Array(length).fill(undefined)
  if (Array.isArray(next) && next.length === length) return next
  throw invalidReturn('change', `an array of ${length}, with a value or undefined for each file, or undefined`, next)
}

function encoded(old: Content, next: unknown): Data {
  if (next !== undefined) return old.encode(next)
  old.assertUnchanged()
  return undefined
}

/** What is to be written; undefined leaves a file as it is. */
type Data = ReturnType<Content['encode']> | undefined

/** The locks were last known to be held at `sinceMs`; undefined: longer ago than it takes to lose them. */
function* writeChanged(
  { writing, publication }: Changing,
  files: readonly Locked[],
  holds: readonly Hold[],
  data: readonly Data[],
  sinceMs: number | undefined,
): Steps<void> {
  for (let at = 0; at < files.length; at++) refuseUnlocked(files[at] as Locked, data[at])
  let lastMs = sinceMs
  for (let at = 0; at < files.length; at++) {
    const { locking } = files[at] as Locked
    const content = data[at]
    if (content === undefined) continue
    // After a long time, this finds out whether a lock is lost. If one is, nothing more is written.
    const nowMs = yield* fs.now()
    if (lastMs === undefined || nowMs - lastMs > locking.heartbeatMs) {
      yield* renewAll(holds)
      lastMs = nowMs
    }
    const one = asWriting(locking.path, content, writing, 'updateFile', publication)
    // The directories above the file were made for the lock.
    const written = yield* write(one)
    if (written !== undefined) yield* syncName(written, one.durability, locking.parents)
  }
}

function refuseUnlocked({ hold, refused }: Locked, data: Data): void {
  if (hold || data === undefined) return
  addFinding(refused, 'the lock is needed, because `change` has returned a new content')
  throw refused
}

interface Made {
  readonly returned: unknown
  /** What that was, or came to. */
  readonly next: unknown
}

/** Calls `change`, and waits for its result. If the call is stopped meanwhile, the signal that it got reports it. */
function* makeChange(
  { change, isList }: Changing,
  olds: readonly Content[],
  files: readonly Locked[],
  holds: readonly Hold[],
): Steps<Made> {
  const work = new UnderLock(files.map(({ hold }) => hold))
  const old = isList ? olds.map(({ value }) => value) : olds[0]?.value
  try {
    return yield* ofUser(() => callChange(holds, () => change(old, work)))
  } catch (error) {
    work.end(error)
    throw error
  }
}

/** Not made anew for each call, because a new generator function takes long. */
function* callChange(holds: readonly Hold[], change: () => unknown): Steps<Made> {
  const returned = insideAll(holds, change)
  return { returned, next: yield* attendedByAll(holds, returned) }
}

function* readBytes(at: string): Steps<{ readonly bytes: Buffer | undefined } | typeof moved> {
  try {
    return { bytes: yield* fs.readFile(at, 'r nofollow') }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { bytes: undefined }
    // Since the look, a link has come there.
    if (hasCode(error, 'ELOOP')) return moved
    throw error
  }
}
