// A checkout that was asked for, and where it takes the blob from.

import { asFlag, asPath, oneOf } from '../core/input.js'
import type { Publication } from '../core/publication.js'
import type { Steps } from '../core/steps.js'
import type { Linking } from '../link/job.js'
import { asParents } from '../parts/parents.js'
import { type Blobs, Miss } from './blobs.js'
import type { CheckoutOptions } from './contract.js'
import { asDigest } from './digest.js'
import { finder, look } from './find.js'
import { patience } from './leases.js'
import { makeVariant } from './variant.js'

/** A checkout that was asked for. */
export interface Checkout {
  readonly digest: string
  readonly mode: 'link' | 'copy' | 'auto'
  readonly executable: boolean
  readonly linking: Linking
}

export function asCheckout(
  blobs: Blobs,
  digest: unknown,
  to: unknown,
  options: CheckoutOptions,
  publication?: Publication,
): Checkout {
  const path = asPath(to, 'to')
  const mode = oneOf(options.mode, 'options.mode', ['link', 'copy', 'auto'], 'auto')
  const executable = asFlag(options.executable, 'options.executable')
  const asked = asDigest(digest, 'digest', blobs.settings.algorithm)
  return {
    digest: asked,
    mode,
    executable,
    linking: {
      resolve: resolver(blobs, asked, executable),
      from: '',
      to: path,
      ...patience,
      replace: asFlag(options.replace, 'options.replace'),
      copies: mode !== 'link',
      parents: asParents(options.parents),
      trial: { as: 'contentCheckout', path, retryFor: options.retryFor, publication },
      progress: undefined,
      missed: 0,
      taken: false,
    },
  }
}

/** Finds a generation of that kind; if there is only one of the other kind, makes one. */
function resolver(blobs: Blobs, digest: string, executable: boolean): () => Steps<string> {
  const next = finder(blobs, digest, executable)
  return function* () {
    try {
      return (yield* next()).path
    } catch (error) {
      if (!(error instanceof Miss)) throw error
    }
    const other = yield* look(blobs, digest, undefined)
    if (!other) throw new Miss()
    return yield* makeVariant(blobs, other, executable)
  }
}
