// What limiters may allow, written as the promise is: by looking at all hits that there were, and without any state that is
// carried on.

import type { LeakyRule, SlidingRule, TokensRule } from 'holdfast/store'
import type { Part } from '../../lib/store/limiter/rule.js'

/** Returns a function that says of each hit whether it is allowed, and counts it. */
export function windowModel({ letter, limit, perMs, offsetMs }: Part): (at: number, cost: number) => boolean {
  const counted: (readonly [window: number, cost: number])[] = []
  let began = Number.NEGATIVE_INFINITY
  return (at, cost) => {
    const isOver = letter === 'w' && at - began >= perMs
    const window = letter === 'w' ? (isOver ? at : began) : Math.floor((at - offsetMs) / perMs)
    const sum = counted.filter(([one]) => one === window).reduce((total, [, one]) => total + one, 0)
    if (sum + cost > limit) return false
    if (cost === 0) return true
    began = window
    counted.push([window, cost])
    return true
  }
}

type IntervalRule = SlidingRule | TokensRule | LeakyRule

/** What may be counted from a hit to one that is `ms` later, both included. */
function mostWithin(rule: IntervalRule, ms: number): number {
  if (rule.kind === 'sliding') return ms < rule.per ? rule.limit : Number.POSITIVE_INFINITY
  const size = rule.kind === 'tokens' ? rule.burst : rule.capacity
  return size + (rule.rate * ms) / 1000
}

export function intervalModel(rule: IntervalRule) {
  const counted: (readonly [at: number, cost: number])[] = []
  return {
    /** How much room a hit leaves, in the interval that ends with it and has least; less than 0: it has none. */
    roomAfter(at: number, cost: number): number {
      let [sum, room] = [cost, mostWithin(rule, 0) - cost]
      for (let nth = counted.length - 1; nth >= 0; nth--) {
        const [began, one] = counted[nth] as (typeof counted)[number]
        sum += one
        room = Math.min(room, mostWithin(rule, at - began) - sum)
      }
      return room
    },
    add: (at: number, cost: number) => void counted.push([at, cost]),
  }
}
