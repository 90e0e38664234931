// Makes files of blobs: links where that is possible.

import { hasCode, isSystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import { makeLink } from '../link/make-link.js'
import { giving } from '../parts/publish.js'
import { type Blobs, keyOf, miss } from './blobs.js'
import { type Checkout, linkingOf } from './checkout-job.js'
import type { CheckedOut } from './contract.js'
import { copyOut } from './copy-out.js'
import { isOfNothing } from './digest.js'
import { explainMiss } from './evicted.js'

export function* checkout(blobs: Blobs, job: Checkout): Steps<CheckedOut> {
  const { digest, mode } = job
  try {
    const isCopy = mode === 'copy' || isOfNothing(digest)
    const done = isCopy ? yield* copyOut(blobs, job) : yield* linkOut(blobs, job)
    blobs.promisedMs.delete(digest)
    return done
  } catch (error) {
    if (error !== miss) throw error
  }
  return yield* explainMiss(blobs, digest)
}

/** Usually the blob is where it was, and nothing has the name: then one call is all. What else there is, `makeLink` finds out. */
function* linkOut(blobs: Blobs, job: Checkout): Steps<CheckedOut> {
  const { digest, executable, to, trial } = job
  const key = keyOf(digest, executable)
  const known = blobs.known.get(key)
  if (known) {
    try {
      const call = fs.link(known.path, to)
      yield* trial.publication ? giving(trial.publication, to, call) : call
      return 'linked'
    } catch (error) {
      if (!isSystemError(error)) throw error
      if (hasCode(error, 'ENOENT')) blobs.known.delete(key)
    }
  }
  return yield* makeLink(linkingOf(blobs, job))
}
