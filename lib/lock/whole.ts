// Several holds as one: a gate and its slots, the locks of several paths, or a share of a slot. The whole has no state of
// its own. What is done with it is done with each part, and if one part is lost, so is the whole.

import type { Steps } from '../core/steps.js'
import type { Hold } from './job.js'
import { isLeaseLost } from './lease/lease-lost.js'

/** `keepsParts`: asked when the whole is released; if it returns true, its parts stay, because another one has them. */
export function wholeOf(parts: readonly Hold[], keepsParts?: () => boolean): Hold {
  const fresh = { over: undefined, lost: undefined, silence: undefined, loss: undefined, whenOver: [] }
  return { ...(parts[0] as Hold), ...fresh, slots: 0, parts, keepsParts }
}

/** The holds that have a state, and stand for themselves. */
export const leavesOf = (hold: Hold): readonly Hold[] => hold.parts?.flatMap(leavesOf) ?? [hold]

/** A whole is released as a whole, and lost as soon as a part is. */
export const overOf = (hold: Hold): Hold['over'] =>
  hold.over ?? (hold.parts && leavesOf(hold).some(({ over }) => over === 'lost') ? 'lost' : undefined)

/** The holds that publish what is published with this one: of each path, that of the gate, or of the slot. */
export function publishersOf(hold: Hold): readonly Hold[] {
  const { parts, fences } = hold
  return parts ? (fences ? parts : parts.slice(0, 1)).flatMap(publishersOf) : [hold]
}

/** When the heartbeat was sent that is the oldest among those of the parts. */
export const oldestBeatMs = ({ parts, beatMs }: Pick<Hold, 'parts' | 'beatMs'>): number =>
  parts ? Math.min(...parts.flatMap(leavesOf).flatMap(one => (one.over ? [] : one.beatMs))) : beatMs

/** Does something to each part, the last one first. When all were tried, the first error is thrown. */
function* eachOf({ parts = [] }: Hold, act: (part: Hold) => Steps<void>): Steps<void> {
  const failures: unknown[] = []
  for (const part of parts.toReversed()) {
    try {
      yield* act(part)
    } catch (error) {
      failures.push(error)
    }
  }
  // That a part is lost says more than that another could not be reached.
  if (failures.length > 0) throw failures.find(isLeaseLost) ?? failures[0]
}

export function* renewWhole(hold: Hold, renew: (part: Hold) => Steps<void>): Steps<void> {
  yield* eachOf(hold, renew)
  hold.beatMs = oldestBeatMs(hold)
}

export function* releaseWhole(hold: Hold, release: (part: Hold) => Steps<void>): Steps<void> {
  if (hold.over === 'released' || hold.over === 'releasing') return
  const isShare = hold.over === undefined && hold.keepsParts?.() === true
  hold.over = 'releasing'
  try {
    if (!isShare) yield* eachOf(hold, release)
  } finally {
    const parts = isShare ? [] : leavesOf(hold)
    const isOver = (how: Hold['over']) => parts.some(({ over }) => over === how)
    hold.over = isOver('lost') ? 'lost' : isOver('abandoned') ? 'abandoned' : 'released'
    for (const notify of hold.whenOver.splice(0)) notify()
  }
}

/** Aborts the signal of the whole as soon as that of a part is aborted. */
export function followLoss(hold: Hold, loss: AbortController, signalOf: (part: Hold) => AbortSignal): void {
  for (const part of hold.parts ?? []) {
    const signal = signalOf(part)
    if (signal.aborted) loss.abort(signal.reason)
    const abort = () => loss.abort(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    // The part may be held for much longer, by others.
    hold.whenOver.push(() => signal.removeEventListener('abort', abort))
  }
}
