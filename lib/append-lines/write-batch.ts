// Writes some whole records in one call, and sees to it that each is whole where it has landed.

import { isSystemError, systemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { closing, lineEnd } from '../parts/torn-lines.js'
import type { Appending, Tail } from './job.js'
import { type Landing, land, none, type Written } from './land.js'
import type { Batch } from './records.js'
import { readBefore, separate } from './separate.js'

/** A disk on which each write ends early would make this go on for ever. */
const mostTries = 8

/** Writes what is left of a batch. A write that ends early is never continued, because another may have come behind it. */
export function* writeBatch(fd: number, tail: Tail, job: Appending, inTurn: boolean): Steps<void> {
  const { bytes, count } = job.batches[job.batch] as Batch
  job.rest ??= bytes
  for (let tries = 1; job.rest.length > 0; tries++) {
    if (tries > mostTries)
      throw systemError('ENOSPC', 'write', 'only a part of the record was written, again and again', job.path)
    const head = tail.isClosed ? 0 : closing.length
    const data = head === 0 ? job.rest : Buffer.concat([closing, job.rest])
    const got = yield* fs.write(fd, data)
    const now = inTurn ? undefined : yield* achieve(() => fs.fstat(fd), noEvidence, job.trial)
    // If the file has grown by no more, no other process has come in between.
    const isAlone = !now || Number(now.size) === tail.size + got
    if (now) yield* fs.remember(job.key, isAlone && got === data.length ? now : undefined)
    // Usually this is all.
    if (isAlone && got === data.length) {
      tail.size += got
      tail.isClosed = true
      break
    }
    const whole = got === data.length ? got : Math.max(head, data.subarray(0, got).lastIndexOf(lineEnd) + 1)
    const written: Written = { bytes: data.subarray(0, got), head, whole }
    const { begun, missing }: Landing = isAlone
      ? { begun: tail.size, missing: none }
      : yield* achieve(() => land(fd, tail.size, written, now), noEvidence, job.trial)
    keepRest(job, missing, written, data.subarray(whole))
    tail.size = begun + got
    // At once, because another one may have come right behind what is torn, and may die before it sees that.
    if (got > 0) tail.isClosed = whole === got || (!inTurn && (yield* separated(fd, tail.size)))
  }
  job.rest = undefined
  job.batch++
  job.done += count
  job.appended = job.done
}

/** `missing`: records that were written, and are not there as a whole. */
function keepRest(
  job: Appending,
  missing: Landing['missing'],
  { bytes, head, whole }: Written,
  rest: Uint8Array,
): void {
  job.rest = missing.length > 0 ? Buffer.concat([...missing.map(({ line }) => line), rest]) : rest
  if (job.rest.length > 0) job.appended += countOf(bytes.subarray(head, missing[0]?.start ?? whole))
}

/** Returns whether it could be done: a filesystem that copies on each write may need space for it. */
function* separated(fd: number, end: number): Steps<boolean> {
  try {
    yield* separate(fd, end, yield* readBefore(fd, end, 2))
    return true
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

function countOf(lines: Uint8Array): number {
  let count = 0
  for (let at = lines.indexOf(lineEnd); at >= 0; at = lines.indexOf(lineEnd, at + 1)) count++
  return count
}
