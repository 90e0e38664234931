// A hit, as it is asked for.

import { asFlag } from '../../core/input.js'
import type { HitOptions } from './options.js'
import { asCount } from './rule.js'

/** What a hit is. */
export interface Hit {
  readonly cost: number
  /** It is counted even if it is not allowed. */
  readonly isCounted: boolean
}

const mostCost = 1e9

const one: Hit = { cost: 1, isCounted: false }

export function asHit(options: HitOptions | undefined): Hit {
  if (options === undefined) return one
  const { cost, countDenied } = options
  return {
    cost: cost === undefined ? 1 : asCount(cost, 'options.cost', 0, mostCost),
    isCounted: asFlag(countDenied, 'options.countDenied'),
  }
}
