// A put, or an adoption, under way: what the parts of it share.

import { hasCode } from '../core/errors.js'
import { asFlag, asFunction } from '../core/input.js'
import { emptySum, type FileProgress, fileProgress } from '../core/progress.js'
import type { Steps } from '../core/steps.js'
import { makeDirectory } from '../parts/make-directory.js'
import type { Parents } from '../parts/parents.js'
import { type Staged, stagedFile, type Written } from '../parts/stage.js'
import { nonceIn } from '../parts/stage-names.js'
import type { Reserved } from './batch.js'
import type { Blobs, Pin } from './blobs.js'
import type { PutOptions } from './contract.js'
import { type Algorithm, algorithmOf, asDigest } from './digest.js'
import { generationOf, labelOf, leaseName, leasesOf } from './layout.js'
import { publish } from './publish.js'
import { isUncounted } from './reserve.js'
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
    progress: onProgress && fileProgress({ onProgress, sum: emptySum(1) }, wanted ?? blobs.root),
    parents: { changed: new Set() },
  }
}

/** Permission bits of blobs: no process writes them again. */
export const modeOf = (executable: boolean): number => (executable ? 0o555 : 0o444)

/** How often the directories of a store are made that another process removes meanwhile. */
export const mostMade = 3

/** Makes the file that is to become the lease, and the directory of leases if that is missing. It is filled only once. */
export function* writing(
  { blobs, executable }: Putting,
  digest: string | undefined,
  fill: (stage: Staged<Written>) => Steps<Put>,
): Steps<Put> {
  const { root } = blobs
  const target = labelOf(root, digest)
  const nameOf = () => leaseName(root, digest)
  let hasBegun = false
  const filling = (stage: Staged<Written>) => {
    hasBegun = true
    return fill(stage)
  }
  for (let made = 0; ; made++) {
    try {
      return yield* stagedFile(target, modeOf(executable), filling, nameOf)
    } catch (error) {
      if (hasBegun || made === mostMade || !hasCode(error, 'ENOENT')) throw error
    }
    yield* blobs.makeAnew()
    yield* makeDirectory(leasesOf(root), 0o777, blobs.trial(leasesOf(root)))
  }
}

/** The file stays at its private name: that is the lease. Its nonce makes the name of the generation one that is not used twice. */
export function* publishStage(
  { blobs, executable, parents }: Putting,
  stage: Staged<unknown>,
  digest: string,
  size: number,
): Steps<Put> {
  const { path } = stage
  const generation = generationOf(digest, size, nonceIn(path), executable)
  const reserved = blobs.cell || !isUncounted(blobs) ? yield* reserve(blobs, path) : undefined
  const made = yield* publish(blobs, path, generation, parents)
  stage.spent = true
  return { digest, size, made, pin: { path, generation }, reserved }
}

export function checkDigest({ wanted }: Putting, digest: string): void {
  if (wanted === undefined || wanted === digest) return
  const error = new Error(`The bytes have the digest ${digest}, and not ${wanted}`)
  throw Object.assign(error, { code: 'ERR_DIGEST', expected: wanted, digest })
}
