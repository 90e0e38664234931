// Stores bytes: they are written where their lease is to be, so from their first byte on they are kept, and then linked as
// a generation. The order matters: an error of any write comes out before anything can be found.

import { rescued } from '../core/around.js'
import { hasCode } from '../core/errors.js'
import type { Steps } from '../core/steps.js'
import { writeAll } from '../parts/durable.js'
import { asSource, type Source } from '../parts/source.js'
import { closeUnsynced } from '../parts/stage.js'
import { digestAtOnce, digestOf } from './digest.js'
import { pinGood } from './pin-good.js'
import { putPieces } from './put-pieces.js'
import { checkDigest, mostMade, type Put, type Putting, publishStage, writing } from './putting.js'

export const asPutSource = (data: unknown): Source => asSource(data, 'data', 'utf8')

export const put = (job: Putting, source: Source): Steps<Put> =>
  rescued(
    () => {
      const { whole } = source
      const steps = () => (whole ? putWhole(job, whole) : putPieces(job, source))
      return job.blobs.isOpen && !job.progress ? steps() : putAndReport(job, steps)
    },
    // biome-ignore lint/correctness/useYield: there is nothing to call
    function* (error): Steps<never> {
      source.stop()
      throw error
    },
  )

function* putAndReport({ blobs, progress }: Putting, steps: () => Steps<Put>): Steps<Put> {
  yield* blobs.make()
  const done = yield* steps()
  if (progress) yield* progress.finish()
  return done
}

function* putWhole(job: Putting, bytes: Uint8Array): Steps<Put> {
  const digest = digestAtOnce(bytes, job.algorithm) ?? (yield* digestOf(bytes, job.algorithm))
  checkDigest(job, digest)
  const size = bytes.length
  if (size === 0) return { digest, size, made: false, pin: undefined }
  // Another process may remove what was written, with the whole store.
  for (let tries = 1; ; tries++)
    try {
      return yield* putOnce(job, digest, bytes)
    } catch (error) {
      if (tries === mostMade || !hasCode(error, 'ENOENT')) throw error
    }
}

function* putOnce(job: Putting, digest: string, bytes: Uint8Array): Steps<Put> {
  const { blobs, executable, progress } = job
  const size = bytes.length
  const there = yield* pinGood(blobs, digest, executable, job.parents)
  if (there) return { digest, size, made: false, pin: there }
  return yield* writing(job, digest, function* (stage) {
    progress?.begin(size)
    yield* writeAll(stage.made.fd, bytes, blobs.settings.durability, progress)
    yield* closeUnsynced(stage.made, blobs.settings.durability !== 'none')
    return yield* publishStage(job, stage, digest, size)
  })
}
