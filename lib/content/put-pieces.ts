// Stores bytes that come piece by piece: their digest is known at the end.

import type { Durability } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import type { Source } from '../parts/source.js'
import { closeUnsynced, type Written } from '../parts/stage.js'
import type { Pin } from './blobs.js'
import { Sum } from './digest.js'
import { unpin } from './leases.js'
import { pinGood } from './pin-good.js'
import { checkDigest, type Put, type Putting, publishStage, writing } from './putting.js'
import { SummedFile } from './summed-file.js'

export function* putPieces(job: Putting, source: Source): Steps<Put> {
  const { blobs, executable, progress } = job
  // If it is there already, the pieces are read only to check them.
  const there = job.wanted === undefined ? undefined : yield* pinGood(blobs, job.wanted, executable, job.parents)
  if (there) return yield* comparing(job, source, there)
  const first = yield* source.next()
  return yield* writing(job, job.wanted, function* (stage) {
    const file = new SummedFile(stage.made.fd, new Sum(job.algorithm), progress)
    progress?.begin()
    if (first && !file.take(first)) yield* file.flush()
    for (let isMore = first !== undefined; isMore; ) {
      isMore = yield* source.pass(file.take)
      yield* file.flush()
    }
    const { digest, size } = file.end()
    checkDigest(job, digest)
    if (size === 0) return { digest, size, made: false, pin: undefined }
    yield* finish(stage.made, blobs.settings.durability)
    // It took a while, and may have come meanwhile: then that stays, and this does not take its place.
    const other = yield* pinGood(blobs, digest, executable, job.parents)
    if (other) return { digest, size, made: false, pin: other }
    return yield* publishStage(job, stage, digest, size)
  })
}

function* finish(made: Written, durability: Durability): Steps<void> {
  if (durability !== 'none') yield* fs.fsync(made.fd)
  yield* closeUnsynced(made, durability !== 'none')
}

function* comparing(job: Putting, source: Source, there: Pin): Steps<Put> {
  try {
    const sum = new Sum(job.algorithm)
    for (let piece = yield* source.next(); piece; piece = yield* source.next()) sum.add(piece)
    const digest = sum.digest()
    checkDigest(job, digest)
    return { digest, size: sum.bytes, made: false, pin: there }
  } catch (error) {
    yield* unpin([there.path])
    throw error
  }
}
