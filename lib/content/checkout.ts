// Makes files of blobs: links where that is possible.

import type { Steps } from '../core/steps.js'
import { makeLink } from '../link/make-link.js'
import { type Blobs, Miss } from './blobs.js'
import type { Checkout } from './checkout-job.js'
import type { CheckedOut } from './contract.js'
import { copyOut } from './copy-out.js'
import { isOfNothing } from './digest.js'
import { explainMiss } from './evicted.js'

export function* checkout(blobs: Blobs, job: Checkout): Steps<CheckedOut> {
  const { digest, mode, linking } = job
  try {
    const done = yield* mode === 'copy' || isOfNothing(digest) ? copyOut(blobs, job) : makeLink(linking)
    blobs.promisedMs.delete(digest)
    return done
  } catch (error) {
    if (!(error instanceof Miss)) throw error
  }
  return yield* explainMiss(blobs, digest)
}
