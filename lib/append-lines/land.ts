// Where a write has landed, and whether what it has written is whole there.

import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { readBefore, separate } from './separate.js'
import { mendSplit, type Span } from './split.js'

/** What a write has written. */
export interface Written {
  readonly bytes: Uint8Array
  /** How many of the bytes are no record, but close what was torn before. */
  readonly head: number
  /** How many of the bytes come before the record whose write has ended early; all, if none has. */
  readonly whole: number
}

export interface Landing {
  /** The byte at which it begins; if it is in several pieces, only what ends where the last of them ends. */
  readonly begun: number
  /** Records that are not there as a whole. */
  readonly missing: readonly Span[]
}

/** Nothing is missing. */
export const none: Landing['missing'] = []

/**
 * Where a write has landed, if the file has grown by more than that, so that another process may have come in between.
 * `size`: that of the file a moment before; `now`: what it is. May be done again if a call of it fails.
 */
export function* land(fd: number, size: number, written: Written, now: Stats): Steps<Landing> {
  const { bytes, head, whole } = written
  // Only where the system says it, calls do without turns.
  const end = (yield* fs.position(fd)) ?? Number(now.size)
  const begun = end - bytes.length
  // The end of a torn one may be overwritten already, by the call that has written behind it.
  const steady = bytes.length - Math.min(2, bytes.length - whole)
  const there = yield* readBefore(fd, begun + steady, steady + 2)
  const before = Math.max(0, there.length - steady)
  if (Buffer.compare(there.subarray(before), bytes.subarray(0, steady)) === 0) {
    if (head === 0 && whole > 0) yield* separate(fd, begun, there.subarray(0, before))
    return { begun, missing: none }
  }
  const split = { from: size, end: begun + steady, bytes: bytes.subarray(0, steady), head }
  return { begun, missing: yield* mendSplit(fd, split) }
}
