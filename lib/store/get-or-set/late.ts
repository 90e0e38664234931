// A call that does not wait for another one, or not any longer.

import { timeoutError } from '../../core/interruption.js'
import type { Steps } from '../../core/steps.js'
import type { Claim } from '../backing.js'
import { keyClaimed } from './errors.js'
import type { OwnJob } from './job.js'
import { asEntry, look } from './look.js'
import { makeAlone } from './make.js'
import type { Got } from './options.js'
import { gotEntry, newProgress } from './progress.js'

/** What it gets. `waitedMs`: that was its limit; undefined: it cannot wait. */
export function* beLate<T>(job: OwnJob<T>, claim: Claim, waitedMs: number | undefined): Steps<Got<T>> {
  const { inner, key, late } = job
  const now = late === 'throw' ? undefined : yield* inner.backing.read(key)
  if (late === 'compute') return yield* makeAlone(job, yield* look(job, now), false, newProgress(0))
  const old = now?.kind === 'live' ? yield* asEntry(inner, key, now) : undefined
  if (typeof old === 'object') return gotEntry(old, 'stale')
  throw yield* keyClaimed(inner.backing, key, claim, waitedMs ? timeoutError(waitedMs, undefined) : undefined)
}
