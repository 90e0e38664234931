// What a call wants: several keys, each with what was found of it so far.

import { newWatch, type Watch } from '../claim/watch.js'
import type { Held } from '../claim.js'
import type { Entry } from '../contract.js'
import type { Job } from '../get-or-set/job.js'
import type { Sight } from '../get-or-set/look.js'
import type { Got } from '../get-or-set/options.js'
import { gotEntry } from '../get-or-set/progress.js'

export interface Wanted<T> {
  readonly job: Job<T>
  readonly watch: Watch
  sight: Sight<T>
  /** The claim under which this call makes the value. */
  held: Held | undefined
  /** This call has made a value, and lost its claim. */
  robbed: { readonly value: T; readonly ttlMs: number; readonly held: Held } | undefined
  /** undefined: it has nothing yet. */
  got: Got<T> | undefined
}

export const newWanted = <T>(job: Job<T>, sight: Sight<T>): Wanted<T> => ({
  job,
  watch: newWatch(),
  sight,
  held: undefined,
  robbed: undefined,
  got: sight.fresh && gotEntry(sight.fresh, 'hit'),
})

export const giveOld = <T>(one: Wanted<T>): void => {
  one.got = gotEntry(one.sight.old as Entry<T>, 'stale')
}

export const unstored = <T>(value: T | undefined): Got<T> => ({ value, version: undefined, source: 'unstored' })
