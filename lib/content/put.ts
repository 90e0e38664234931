// Stores bytes: they are written where their lease is to be, so from their first byte on they are kept, and then linked as
// a generation. The order matters: an error of any write comes out before anything can be found.

import { asFlag, asFunction, type Durability } from '../core/input.js'
import { emptySum, type FileProgress, fileProgress } from '../core/progress.js'
import { fs, type Steps } from '../core/steps.js'
import { writeBytes } from '../parts/bytes.js'
import { writeAll } from '../parts/durable.js'
import { type Parents, withParents } from '../parts/parents.js'
import { asSource, type Source } from '../parts/source.js'
import { closeUnsynced, type Staged, stagedFile, type Written } from '../parts/stage.js'
import { nonces } from '../parts/stage-names.js'
import type { Reserved } from './batch.js'
import type { Blobs, Pin } from './blobs.js'
import type { PutOptions } from './contract.js'
import { type Algorithm, algorithmOf, asDigest, digestOf, Sum } from './digest.js'
import { generationOf, labelOf } from './layout.js'
import { unpin } from './leases.js'
import { pinGood } from './pin-good.js'
import { publish } from './publish.js'
import { reserve } from './reserve-together.js'

/** A put under way. */
export interface Putting {
  readonly blobs: Blobs
  /** What the digest must be; undefined: any. */
  readonly wanted: string | undefined
  readonly algorithm: Algorithm
  readonly executable: boolean
  readonly progress: FileProgress | undefined
  /** Where directories were made for it. */
  readonly parents: Parents
}

/** What has come of it. `pin` is undefined for a blob without a byte. */
export interface Put {
  readonly digest: string
  readonly size: number
  readonly made: boolean
  readonly pin: Pin | undefined
  /** What the shared cell says now, if this call has changed it. */
  readonly reserved?: Reserved | undefined
}

export function asPutting(blobs: Blobs, options: PutOptions): Putting {
  const { algorithm } = blobs.settings
  const wanted = options.digest === undefined ? undefined : asDigest(options.digest, 'options.digest', algorithm)
  const onProgress = asFunction(options.onProgress, 'options.onProgress')
  return {
    blobs,
    wanted,
    algorithm: wanted === undefined ? algorithm : algorithmOf(wanted),
    executable: asFlag(options.executable, 'options.executable'),
    progress: fileProgress({ onProgress, sum: emptySum(1) }, wanted ?? blobs.root),
    parents: { changed: new Set() },
  }
}

export const asPutSource = (data: unknown): Source => asSource(data, 'data', 'utf8')

export function* put(job: Putting, source: Source): Steps<Put> {
  try {
    yield* job.blobs.make()
    const done = yield* source.whole ? putWhole(job, source.whole) : putPieces(job, source)
    if (job.progress) yield* job.progress.finish()
    return done
  } catch (error) {
    source.stop()
    throw error
  }
}

function* putWhole(job: Putting, bytes: Uint8Array): Steps<Put> {
  const { blobs, executable, progress } = job
  const digest = yield* digestOf(bytes, job.algorithm)
  checkDigest(job, digest)
  const size = bytes.length
  if (size === 0) return { digest, size, made: false, pin: undefined }
  const there = yield* pinGood(blobs, digest, executable, job.parents)
  if (there) return { digest, size, made: false, pin: there }
  return yield* writing(job, digest, function* (stage) {
    progress?.begin(size)
    yield* writeAll(stage.made.fd, bytes, blobs.settings.durability, progress)
    yield* closeUnsynced(stage.made, blobs.settings.durability !== 'none')
    return yield* publishStage(job, stage, digest, size)
  })
}

/** Of pieces that come one after the other the digest is known at the end. */
function* putPieces(job: Putting, source: Source): Steps<Put> {
  const { blobs, executable, progress } = job
  // If it is there already, the pieces are read only to check them.
  const there = job.wanted === undefined ? undefined : yield* pinGood(blobs, job.wanted, executable, job.parents)
  if (there) return yield* comparing(job, source, there)
  const first = yield* source.next()
  return yield* writing(job, job.wanted, function* (stage) {
    const sum = new Sum(job.algorithm)
    progress?.begin()
    for (let piece = first; piece; piece = yield* source.next()) {
      sum.add(piece)
      yield* writeBytes(stage.made.fd, piece, 0, progress)
    }
    const digest = sum.digest()
    checkDigest(job, digest)
    const size = sum.bytes
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

/** Permission bits of blobs: no process writes them again. */
export const modeOf = (executable: boolean): number => (executable ? 0o555 : 0o444)

/** Makes the file that is to become the lease, and the directory of leases if that is missing. */
export function writing(
  { blobs, executable }: Putting,
  digest: string | undefined,
  fill: (stage: Staged<Written>) => Steps<Put>,
): Steps<Put> {
  const target = labelOf(blobs.root, digest)
  return withParents(target, { changed: new Set() }, () => stagedFile(target, modeOf(executable), fill))
}

/** The file stays at its private name: that is the lease. */
export function* publishStage(
  { blobs, executable, parents }: Putting,
  stage: Staged<unknown>,
  digest: string,
  size: number,
): Steps<Put> {
  const generation = generationOf(digest, size, yield* nonces(), executable)
  const reserved = yield* reserve(blobs, stage.path)
  const made = yield* publish(blobs, stage.path, generation, parents)
  stage.spent = true
  return { digest, size, made, pin: { path: stage.path, generation }, reserved }
}

export function checkDigest({ wanted }: Putting, digest: string): void {
  if (wanted === undefined || wanted === digest) return
  const error = new Error(`The bytes have the digest ${digest}, and not ${wanted}`)
  throw Object.assign(error, { code: 'ERR_DIGEST', expected: wanted, digest })
}
