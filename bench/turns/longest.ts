// The longest turn of the event loop.

import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * Milliseconds for which this thread wanted to run while other programs had the processor. On a busy machine that would
 * be most of a turn, and it says nothing about this one. Time in which a call waits for the disk is not part of it.
 */
function waitedMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0 // Only Linux says it.
  }
}

/**
 * Makes all calls at once, and returns the milliseconds of the longest turn of the event loop from then on until the
 * last has ended. The loop that makes the calls is not counted: how long it takes is up to the caller.
 *
 * A timer of 1 ms shows it. A loop of `setImmediate` would never let the event loop wait for the threads, so it would get
 * their results in smaller portions than usual, and make shorter turns of them.
 */
export async function longestTurn(calls: readonly (() => Promise<unknown>)[]): Promise<number> {
  // What the turn before has left must not count.
  await wait(5)
  const all = calls.map(call => call())
  const now = () => performance.now() - waitedMs()
  let lastMs = now()
  let longestMs = 0
  const look = () => {
    const nowMs = now()
    longestMs = Math.max(longestMs, nowMs - lastMs)
    lastMs = nowMs
  }
  const timer = setInterval(look, 1)
  try {
    await Promise.all(all)
  } finally {
    clearInterval(timer)
  }
  look()
  return longestMs
}
