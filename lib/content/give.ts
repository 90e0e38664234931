// What a put or a lease gives its caller: leases, and what is done before and after.

import type { Steps } from '../core/steps.js'
import { cleaningUp } from '../parts/cleanup.js'
import { concurrently } from '../parts/concurrently.js'
import type { Blobs, Pin } from './blobs.js'
import type { Blob, ContentLease } from './contract.js'
import { integrityOf, isOfNothing } from './digest.js'
import { evictIfDue } from './evict.js'
import { type ContentHold, pin, startLease, unpin } from './leases.js'
import type { Put } from './putting.js'
import { free } from './reserve.js'

const none: readonly never[] = Object.freeze([])

/** The result of a put. Before that, what is over the limits is evicted. */
export function* give(blobs: Blobs, steps: Steps<Put>): Steps<Blob> {
  const { digest, size, made, pin: pinned, reserved } = yield* steps
  const pins = pinned ? [pinned] : none
  if (made && blobs.limits) yield* undoing(pins, () => evictIfDue(blobs, reserved))
  const lease = startLease(blobs, { digests: [digest], missing: none, pins }, evictAfterRelease)
  return { digest, integrity: integrityOf(digest), size, made, lease }
}

/** If the steps fail, the caller gets no lease. */
function* undoing<T>(pins: readonly Pin[], steps: () => Steps<T>): Steps<T> {
  try {
    return yield* steps()
  } catch (error) {
    yield* cleaningUp(() => unpin(pins.map(({ path }) => path)))
    throw error
  }
}

/** What was leased may be what an eviction had to leave. */
function* evictAfterRelease({ blobs, pins }: ContentHold): Steps<void> {
  if (pins.length === 0) return
  const bytes = pins.reduce((sum, { generation }) => sum + generation.size, 0)
  yield* evictIfDue(blobs, yield* free(blobs, bytes, pins.length))
}

/** How many leases are made at a time. */
const width = 32

/** Leases what is there of some digests. */
export function* leaseAll(blobs: Blobs, digests: readonly string[]): Steps<ContentLease> {
  const found = new Map<string, Pin | undefined>(digests.map(digest => [digest, undefined]))
  const pins = () => [...found.values()].flatMap(one => one ?? [])
  const tasks = [...found.keys()]
    .filter(digest => !isOfNothing(digest))
    .map(
      digest =>
        function* (): Steps<void> {
          found.set(digest, yield* pin(blobs, digest))
        },
    )
  try {
    yield* concurrently(tasks.reverse(), width)
  } catch (error) {
    yield* cleaningUp(() => unpin(pins().map(({ path }) => path)))
    throw error
  }
  const isThere = (digest: string): boolean => isOfNothing(digest) || found.get(digest) !== undefined
  const all = [...found.keys()]
  const there = all.filter(isThere)
  const missing = all.filter(digest => !isThere(digest))
  return startLease(blobs, { digests: there, missing, pins: pins() }, evictAfterRelease)
}
