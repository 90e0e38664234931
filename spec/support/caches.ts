// Loads and checks that end when a test says so, and what left a cache.

import { setImmediate as next } from 'node:timers/promises'
import type { CacheTask, EvictReason, Verdict } from 'holdfast/cache'

/** A call of a function that a test has under control. */
export interface Begun<T> {
  readonly key: string
  readonly signal: AbortSignal
  resolve(value: T): void
  reject(error: unknown): void
}

/** A function whose calls end by hand, in any order. */
export function byHand<T>() {
  const calls: Begun<T>[] = []
  const begin = (key: string, signal: AbortSignal): Promise<T> =>
    new Promise((resolve, reject) => calls.push({ key, signal, resolve, reject }))
  const at = (number: number): Begun<T> => {
    const call = calls[number]
    if (!call) throw new Error(`there were only ${calls.length} calls`)
    return call
  }
  return {
    calls,
    at,
    load: (key: string, { signal }: CacheTask) => begin(key, signal),
    check: (key: string, _value: unknown, { signal }: CacheTask) => begin(key, signal),
  }
}

export const verdicts = () => byHand<Verdict>()

/** Notes what left a cache, as `key value why`. */
export function leavers() {
  const left: string[] = []
  const onEvict = (key: unknown, value: unknown, why: EvictReason): void => void left.push(`${key} ${value} ${why}`)
  return { left, onEvict }
}

/** All that can go on by itself has gone on. */
export const settled = (): Promise<void> => next()
