import { type Patience, refusal } from '../../core/input.js'
import type { Steps } from '../../core/steps.js'
import { checkOpen } from '../../parts/life.js'
import type { Inner } from '../inner.js'
import { attemptOf, isUnknownOutcome, judge } from '../unknown-outcome.js'

export function* confirm(inner: Inner<unknown>, error: unknown, _options: Patience): Steps<'done' | 'not done'> {
  checkOpen(inner.life)
  if (!isUnknownOutcome(error) || typeof error.key !== 'string')
    throw refusal('ERR_INVALID_ARG_TYPE', 'error', 'an error of a store with the code ERR_UNKNOWN_OUTCOME', error)
  const verdict = judge(yield* inner.backing.read(error.key), attemptOf(error))
  if (verdict === 'unknown') throw error
  return verdict === 'done' ? 'done' : 'not done'
}
