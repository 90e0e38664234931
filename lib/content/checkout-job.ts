// A checkout that was asked for, and where it takes the blob from.

import { asFlag, oneOf } from '../core/input.js'
import type { Publication } from '../core/publication.js'
import type { Steps } from '../core/steps.js'
import type { Linking } from '../link/job.js'
import type { Trial } from '../parts/achieve.js'
import { asParents, type Parents } from '../parts/parents.js'
import { type Blobs, miss } from './blobs.js'
import type { CheckoutOptions } from './contract.js'
import { finder, look } from './find.js'
import { patience } from './leases.js'
import { makeVariant } from './variant.js'

/** A checkout that was asked for. */
export interface Checkout {
  readonly digest: string
  readonly to: string
  readonly mode: 'link' | 'copy' | 'auto'
  readonly executable: boolean
  readonly replace: boolean
  readonly parents: Parents | undefined
  readonly trial: Trial
}

/** How files are to be made, the same for any number of them. */
export interface Way extends Pick<Checkout, 'mode' | 'executable' | 'replace'> {
  readonly options: CheckoutOptions
}

export const asWay = (options: CheckoutOptions): Way => ({
  mode: oneOf(options.mode, 'options.mode', modes, 'auto'),
  executable: asFlag(options.executable, 'options.executable'),
  replace: asFlag(options.replace, 'options.replace'),
  options,
})

const modes = ['link', 'copy', 'auto'] as const

/** One of them, whose digest and path are checked. */
export const checkoutOf = (
  { mode, executable, replace, options }: Way,
  digest: string,
  to: string,
  publication?: Publication,
): Checkout => ({
  digest,
  to,
  mode,
  executable,
  replace,
  parents: asParents(options.parents),
  trial: { as: 'contentCheckout', path: to, retryFor: options.retryFor, publication },
})

/** The link that is to be made. */
export const linkingOf = (
  blobs: Blobs,
  { digest, to, mode, executable, replace, parents, trial }: Checkout,
): Linking => ({
  resolve: resolver(blobs, digest, executable),
  from: '',
  ...{ to, replace, parents, trial },
  ...patience,
  copies: mode !== 'link',
  progress: undefined,
  missed: 0,
  taken: false,
})

/** Finds a generation of that kind; if there is only one of the other kind, makes one. */
function resolver(blobs: Blobs, digest: string, executable: boolean): () => Steps<string> {
  const next = finder(blobs, digest, executable)
  return function* () {
    try {
      return (yield* next()).path
    } catch (error) {
      if (error !== miss) throw error
    }
    const other = yield* look(blobs, digest, undefined)
    if (!other) throw miss
    // One that came after the first look.
    if (other.generation.executable === executable) return other.path
    return yield* makeVariant(blobs, other.generation, executable)
  }
}
