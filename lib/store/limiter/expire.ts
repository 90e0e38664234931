// A state that is over is reported before it is replaced or removed.

import { isThenable } from '../../core/wait.js'
import { happened } from '../../parts/happenings.js'
import type { LimiterOptions } from './options.js'
import { countOf, endsAtMs, type States } from './plan.js'
import type { Part } from './rule.js'

interface Calling {
  readonly parts: readonly Part[]
  readonly onExpire: LimiterOptions['onExpire']
}

interface Seen {
  readonly states: States
  readonly clockMs: number
}

/** Calls `onExpire` if all that was counted is over. Its failure is reported, and changes nothing. */
export function callOnExpire({ parts, onExpire }: Calling, key: string, { states, clockMs }: Seen): void {
  if (!onExpire || states.length === 0) return
  const expiredAt = endsAtMs(parts, states)
  if (expiredAt > clockMs) return
  const failed = (error: unknown) => happened('holdfast:expire-failed', { key, error })
  try {
    const returned = onExpire({ key, count: countOf(parts, states), expiredAt })
    if (isThenable(returned)) returned.then(undefined, failed)
  } catch (error) {
    failed(error)
  }
}
