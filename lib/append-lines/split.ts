// A write that was not made in one piece. What Node writes with (libuv) continues a write that has ended early, because the
// disk was full, with a second one, and reports only how many bytes both have written. If space was freed in between, and
// another process has written meanwhile, the record of that process is inside of ours.

import type { Steps } from '../core/steps.js'
import { lineEnd } from '../parts/torn-lines.js'
import { closeAt, readBefore } from './separate.js'

/** What was written in pieces. */
export interface Split {
  /** A place that no piece comes before. */
  readonly from: number
  /** Where the last piece ends. */
  readonly end: number
  readonly bytes: Uint8Array
  /** How many of the bytes are no record, but close what was torn before. */
  readonly head: number
}

/** A record among the bytes, with its line end. */
export interface Span {
  readonly start: number
  readonly line: Uint8Array
}

/**
 * Returns the records that are not in the file as a whole. What is left of one at the beginning of the last piece is closed
 * here. Every other piece is closed by the call that has written behind it.
 */
export function* mendSplit(fd: number, { from, end, bytes, head }: Split): Steps<Span[]> {
  const region = yield* readBefore(fd, end, end - from)
  const cut = bytes.length - commonEnd(region, bytes)
  const spans = spansOf(bytes, head)
  // A single record that is cut is not there. With several, the cut may be between two: if the record of the other process
  // ends as ours does, the cut seems to come earlier than it does.
  const missing = spans.filter(({ start, line }) => start < cut && (spans.length === 1 || !hasLine(region, line)))
  for (const { start, line } of missing) {
    // Of a line end alone an empty line is left.
    if (start + line.length - cut > 1) yield* closeAt(fd, end - bytes.length + start + line.length)
  }
  return missing
}

/** How many bytes at the end of both are the same. */
function commonEnd(one: Uint8Array, other: Uint8Array): number {
  const most = Math.min(one.length, other.length)
  let same = 0
  while (same < most && one[one.length - 1 - same] === other[other.length - 1 - same]) same++
  return same
}

function spansOf(bytes: Uint8Array, head: number): Span[] {
  const spans: Span[] = []
  let start = head
  for (let at = bytes.indexOf(lineEnd, start); at >= 0; at = bytes.indexOf(lineEnd, start)) {
    spans.push({ start, line: bytes.subarray(start, at + 1) })
    start = at + 1
  }
  return spans
}

function hasLine(region: Buffer, line: Uint8Array): boolean {
  for (let at = region.indexOf(line); at >= 0; at = region.indexOf(line, at + 1))
    if (at === 0 || region[at - 1] === lineEnd) return true
  return false
}
