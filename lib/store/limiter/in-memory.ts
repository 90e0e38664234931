// Hits in the memory of this thread, where nothing comes between: what is counted is replaced at once.

import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { checkOpen } from '../../parts/life.js'
import type { Counts } from '../backing.js'
import { checkKey } from '../keys.js'
import type { Decision } from './algorithm.js'
import { asHit, type Hit } from './asked.js'
import { type Limits, reportAhead, statesIn } from './change.js'
import { callOnExpire } from './expire.js'
import type { HitOptions } from './options.js'
import { judge } from './plan.js'

export function hitNow(limits: Limits, counts: Counts, key: string, hit: Hit): Decision {
  const { parts } = limits
  const clockMs = counts.now()
  const there = counts.get(key)
  const states = there?.counted?.parts === parts ? there.counted.states : statesIn(parts, key, there?.bytes)
  const [next, decision] = judge(parts, states, clockMs, hit)
  if (next === states) return decision
  reportAhead(limits, key, { states, clockMs })
  callOnExpire(limits, key, { states, clockMs })
  counts.put(key, { parts, states: next }, clockMs)
  return decision
}

/** Calls that have nothing else to be asked. */
const plainOptions: ReadonlySet<string> = new Set(['cost', 'countDenied'])

/**
 * Returns a function that makes a hit without a driver, which would take longer than the hit; it returns undefined for what
 * only a driver can do: to be stopped, and to be traced.
 */
export function quickHit(
  limits: Limits,
): (key: string, options: HitOptions | undefined) => Promise<Decision> | undefined {
  const { counts } = limits.inner.backing
  if (!counts) return () => undefined
  const channel = tracingChannel('holdfast.limiterHit')
  return (key, options) => {
    if (isTraced(channel) || !isPlain(options)) return undefined
    try {
      checkOpen(limits.inner.life)
      checkKey(key)
      return Promise.resolve(hitNow(limits, counts, key, asHit(options)))
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

const isTraced = ({ start, end, asyncStart, asyncEnd, error }: TracingChannel): boolean =>
  start.hasSubscribers ||
  end.hasSubscribers ||
  asyncStart.hasSubscribers ||
  asyncEnd.hasSubscribers ||
  error.hasSubscribers

function isPlain(options: HitOptions | undefined): boolean {
  if (options === undefined) return true
  if (typeof options !== 'object' || options === null) return false
  for (const name of Object.keys(options)) if (!plainOptions.has(name)) return false
  return true
}
