// Few descriptors: of the calls of this thread, only as many go on at a time as can come to their end.
//
// A call that holds one descriptor and waits for a second waits for ever if all others do the same. So a call takes a
// seat before its first descriptor, and keeps the seat until it has given all of them back. There are as many seats as
// the free descriptors allow, where the system shows how many those are. That is an estimate, because the whole process
// uses descriptors: EMFILE halves the number, and each call that comes to its end raises it again, as TCP shares a line.

import type { Wake } from './done.js'
import type { Door } from './door.js'
import { clearTimeout, setTimeout, soon } from './timers.js'

/** For one call that needs several descriptors, such as a copy: of directories it has four, and two of a file. */
const perSeat = 6
/** Counting the free descriptors takes longer than a call, so a few calls at a time go uncounted. */
const uncounted = 8
/** After so many calls it is done again. */
const countEvery = 256

class Seats {
  /** How many descriptors the calls that have a seat hold. */
  open = 0
  /** How many calls have found a descriptor: as long as the number grows, those that wait for one may hope. */
  served = 0
  #taken = 0
  #most = Number.POSITIVE_INFINITY
  #estimate = Number.POSITIVE_INFINITY
  #ended = 0
  readonly #queue = new Set<() => void>()
  /** Calls that have a seat, and found no descriptor all the same. */
  readonly #starving = new Set<() => void>()

  /** Takes a seat, if there is a free one. */
  take(door: Door): boolean {
    if (this.#taken >= this.#most || this.#queue.size > 0) return false
    if (++this.#taken === uncounted) this.#count(door)
    return true
  }

  /** Calls `go` with the next free seat. Returns how to leave the queue, which returns whether that came in time. */
  queue(go: () => void): () => boolean {
    this.#queue.add(go)
    return () => this.#queue.delete(go)
  }

  giveBack(door: Door): void {
    this.#taken--
    if (this.#most !== Number.POSITIVE_INFINITY) {
      if (++this.#ended % countEvery === 0) this.#count(door)
      this.#most = Math.min(this.#estimate, this.#most + 1 / this.#most)
    }
    const [starving] = this.#starving
    // Later, because a call that ends inline gives its own seat back at once: each would deepen the stack.
    if (starving) soon(starving)
    for (const go of this.#queue) {
      if (this.#taken >= this.#most) return
      this.#queue.delete(go)
      this.#taken++
      soon(go)
    }
    if (this.#taken === 0) this.#most = this.#estimate = Number.POSITIVE_INFINITY
  }

  /** A call has found no descriptor. */
  shrink(): void {
    this.#most = Math.max(1, Math.min(this.#most, this.#taken) / 2)
  }

  /** Calls `go` after `ms`, or when another call gives its descriptors back. Returns how to end the wait early. */
  starve(go: () => void, ms: number): Wake {
    const end = () => {
      clearTimeout(timer)
      if (this.#starving.delete(end)) go()
    }
    const timer = setTimeout(end, ms)
    this.#starving.add(end)
    return end
  }

  #count(door: Door): void {
    try {
      const free = door.performSync({ op: 'descriptors', args: [] }) as number
      this.#estimate = Math.max(1, Math.floor((free + this.open) / perSeat))
    } catch {
      this.#estimate = Number.POSITIVE_INFINITY
    }
    this.#most = Math.min(this.#most, this.#estimate)
  }
}

/** Those of this thread. */
export const seats = new Seats()
