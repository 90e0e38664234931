// The locks that this process holds, by their files: `unlock` finds them by a path, and what is left when the process ends
// is released then.

import type { Door } from '../../core/door.js'
import { driveSync } from '../../core/drive.js'
import { callBackSoon } from '../../core/timers.js'
import { type Hold, lossSignal, release } from '../../lock/hold.js'
import { releaseAtEnd, stopReleasing } from './at-end.js'

export interface Held {
  readonly file: string
  readonly lockfilePath: string | undefined
  readonly hold: Hold
  /** Makes the calls about it. */
  readonly door: Door
  /** It was given back, or is lost. */
  isOver: boolean
}

/** Of one file there may be several, at several places. The last one was taken last. */
const table = new Map<string, Held[]>()

/** Keeps it until it is over. */
export function enter(held: Held): void {
  const others = table.get(held.file)
  table.set(held.file, others ? [...others, held] : [held])
  releaseAtEnd(releaseAll)
}

/** `lost`: called soon when it is lost, or may be. */
export function whenLost(held: Held, lost: (reason: Error) => void): void {
  const signal = lossSignal(held.hold)
  const report = () => {
    if (leave(held)) callBackSoon(lost, signal.reason)
  }
  if (signal.aborted) report()
  else signal.addEventListener('abort', report, { once: true })
}

/** Returns whether it was there: so of several that want to end it, one does. */
export function leave(held: Held): boolean {
  if (held.isOver) return false
  held.isOver = true
  const rest = (table.get(held.file) ?? []).filter(one => one !== held)
  if (rest.length > 0) table.set(held.file, rest)
  else table.delete(held.file)
  if (table.size === 0) stopReleasing()
  return true
}

/** The lock of a file that was taken last, or the one at that place. */
export function find(file: string, lockfilePath: string | undefined): Held | undefined {
  const all = table.get(file) ?? []
  return all.findLast(held => held.lockfilePath === lockfilePath) ?? all.at(-1)
}

/** The process ends, and nothing waits any more. */
function releaseAll(): void {
  for (const held of [...table.values()].flat()) {
    leave(held)
    try {
      driveSync(release(held.hold, { remove: true }), { door: held.door })
    } catch {
      // What cannot be removed is the lock of a dead process, which the next one takes over.
    }
  }
}
