// The work of `appendLines`: one write at the end of the file, for whole records.
//
// On a filesystem that the kernel of this machine keeps itself, a write that appends lands behind all others, in one
// piece: the kernel lets one of them after the other at the file. What remains is a write that ends early, because the
// disk is full or its process is killed: the next record must not come on the same line. Who finds such an end closes it in
// the same write as the record. Who wrote right behind it, before it could be seen, finds that out afterwards, from where
// its own write has landed, and separates the two (./separate.ts); and so does the writer whose write has ended early.
// Elsewhere calls take turns, by the lock of the path.

import { hasCode, isSystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { refusePlanted, refuseSpecialFile, resolveLinks } from '../parts/follow-links.js'
import { sameInode } from '../parts/identity.js'
import { withParents } from '../parts/parents.js'
import { closingWritten } from '../parts/stage.js'
import { closing, lineEnd } from '../parts/torn-lines.js'
import type { Appending, Tail } from './job.js'
import { readBefore, separate } from './separate.js'

/** One attempt. `inTurn`: the call has the lock of the path, so no other one writes meanwhile. */
export function* append(job: Appending, inTurn: boolean): Steps<true> {
  const fd = yield* withParents(job.path, job.parents, () => openEnd(job))
  return yield* closingWritten(fd, job.durability !== 'none', function* (): Steps<true> {
    const was = yield* fs.fstat(fd)
    refuseSpecialFile(job.path, was)
    yield* refusePlanted(job.path, was)
    const known = yield* fs.recall(keyOf(job))
    const tail: Tail = { size: Number(was.size), isClosed: was.size === 0n || isAsLeft(known as Stats, was) }
    if (!tail.isClosed) tail.isClosed = (yield* readBefore(fd, tail.size, 1))[0] === lineEnd
    while (job.batch < job.batches.length) yield* writeBatch(fd, tail, job, inTurn)
    if (job.durability !== 'none') yield* fs.fsync(fd)
    return true
  })
}

const keyOf = ({ path }: Appending): string => `appendLines ${path}`

/** Is the file as this process has left it, with a line end at its end? */
const isAsLeft = (known: Stats | undefined, was: Stats): boolean =>
  sameInode(known, was) && known?.size === was.size && known.mtimeNs === was.mtimeNs

/** Usually the file is there, and no link. */
function* openEnd({ path, mode }: Appending): Steps<number> {
  try {
    return yield* fs.open(path, 'a+ nofollow', mode)
  } catch (error) {
    if (!hasCode(error, 'ELOOP', 'EMLINK')) throw error
  }
  const { at } = yield* resolveLinks(path, true)
  return yield* fs.open(at, 'a+ nofollow', mode)
}

/** A disk on which each write ends early would make this go on for ever. */
const mostTries = 8

/** Writes what is left of a batch. A write that ends early is never continued, because another may have come behind it. */
function* writeBatch(fd: number, tail: Tail, job: Appending, inTurn: boolean): Steps<void> {
  const { bytes, count } = job.batches[job.batch] as Appending['batches'][number]
  for (let tries = 1; job.written < bytes.length; tries++) {
    if (tries > mostTries)
      throw systemError('ENOSPC', 'write', 'only a part of the record was written, again and again', job.path)
    const rest = bytes.subarray(job.written)
    const head = tail.isClosed ? 0 : closing.length
    const data = head === 0 ? rest : Buffer.concat([closing, rest])
    const got = yield* fs.write(fd, data)
    // The records that are whole.
    const whole = got === data.length ? got : data.subarray(0, got).lastIndexOf(lineEnd) + 1
    const begun = inTurn ? tail.size : yield* findBegin(fd, tail, got, job)
    if (whole > head) {
      if (head === 0 && begun !== tail.size) yield* separate(fd, begun)
      job.written += whole - head
      job.appended += countOf(data.subarray(head, whole), job.written === bytes.length ? count : undefined)
    }
    tail.size = begun + got
    // At once, because another one may have come right behind what is torn, and may die before it sees that.
    tail.isClosed = whole === got || (!inTurn && (yield* separated(fd, tail.size)))
  }
  job.batch++
  job.written = 0
}

/** Returns whether it could be done: a filesystem that copies on each write may need space for it. */
function* separated(fd: number, end: number): Steps<boolean> {
  try {
    yield* separate(fd, end)
    return true
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

/** How many lines: usually it was one, and nothing needs to be counted. */
function countOf(lines: Uint8Array, all: number | undefined): number {
  if (all === 1) return 1
  let count = 0
  for (let at = lines.indexOf(lineEnd); at >= 0; at = lines.indexOf(lineEnd, at + 1)) count++
  return count
}

/** Returns where a write of so many bytes has landed. If the file has grown by no more, no other one came in between. */
function* findBegin(fd: number, tail: Tail, got: number, job: Appending): Steps<number> {
  const now = yield* fs.fstat(fd)
  if (Number(now.size) === tail.size + got) {
    yield* fs.remember(keyOf(job), got > 0 ? now : undefined)
    return tail.size
  }
  const end = yield* fs.position(fd)
  // Only where the system says it, calls do without turns.
  return (end ?? Number(now.size)) - got
}
