// Puts of one store object that are under way at the same time reserve with one swap: each of them alone would find that
// another one has swapped meanwhile.

import { fs, type Steps } from '../core/steps.js'
import { waitForCall } from '../parts/parked.js'
import { type Batch, type Batches, newBatch, type Outcome, type Reserved } from './batch.js'
import type { Blobs } from './blobs.js'
import { change, readReserved } from './reserve.js'
import { takenBy } from './scan.js'

/**
 * Reserves what a new blob takes of the disk, which is at this private name. Returns what the cell says then; undefined if
 * there is none. Without limits it may not have to be asked (`isUncounted`).
 */
export function* reserve(blobs: Blobs, path: string): Steps<Reserved | undefined> {
  if (!blobs.cell && !(yield* readReserved(blobs))) return undefined
  return yield* reserveBytes(blobs, takenBy(yield* fs.lstat(path)))
}

function* reserveBytes(blobs: Blobs, bytes: number): Steps<Reserved | undefined> {
  const { batches } = blobs
  // The sync form cannot wait for another call.
  if (yield* fs.blocking()) return yield* change(blobs, adding({ bytes, count: 1 }))
  for (;;) {
    const { now, next } = batches
    if (!now) return yield* swap(blobs, newBatch(bytes))
    if (!next) return yield* swapAfter(blobs, now, newBatch(bytes))
    next.bytes += bytes
    next.count++
    const outcome = yield* waitForCall(next.over)
    if (outcome !== 'left') return outcome.reserved
  }
}

/** Until the swap that is under way is over, other calls join this one. */
function* swapAfter(blobs: Blobs, before: Batch, batch: Batch): Steps<Reserved | undefined> {
  blobs.batches.next = batch
  try {
    yield* waitForCall(before.over)
  } catch (error) {
    end(blobs.batches, batch, 'left')
    throw error
  }
  return yield* swap(blobs, batch)
}

function* swap(blobs: Blobs, batch: Batch): Steps<Reserved | undefined> {
  const { batches } = blobs
  batches.now = batch
  let outcome: Outcome = 'left'
  try {
    const reserved = yield* change(blobs, adding(batch))
    outcome = { reserved }
    return reserved
  } finally {
    end(batches, batch, outcome)
  }
}

/** The one that waits for it is the next at once, so that no other call comes between them. */
function end(batches: Batches, batch: Batch, outcome: Outcome): void {
  if (batches.next === batch) batches.next = undefined
  if (batches.now === batch) {
    batches.now = batches.next
    batches.next = undefined
  }
  batch.end(outcome)
}

const adding =
  ({ bytes, count }: Pick<Batch, 'bytes' | 'count'>) =>
  (now: Reserved): Reserved => ({
    ...now,
    bytes: now.bytes + bytes,
    count: now.count + count,
    newBytes: now.newBytes + bytes,
    newCount: now.newCount + count,
  })
