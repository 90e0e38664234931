// What a thread keeps in memory between two calls: hints with which the next call begins.

import { monotonicMs } from './moment.js'
import { RecentMap } from './recent-map.js'

const hints = new RecentMap<{ readonly value: unknown; readonly atMs: number }>(1000)
const momentMs = 1000

export function recall(key: string): unknown {
  const hint = hints.get(key)
  return hint && monotonicMs() - hint.atMs < momentMs ? hint.value : undefined
}

/** Keeps `value` for a second. `undefined` removes what is kept. */
export function remember(key: string, value: unknown): void {
  if (value === undefined) hints.delete(key)
  else hints.set(key, { value, atMs: monotonicMs() })
}
