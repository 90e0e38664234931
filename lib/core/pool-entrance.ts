// Few calls are in the pool at a time; the others wait here. libuv hands over, in one turn of the event loop, all results
// that have come in since the last. With a thousand calls in the pool that may be a thousand, and what follows each of
// them keeps the event loop from everything else meanwhile.

import type { Op } from './alphabet.js'
import type { Done } from './wait.js'

/** More than this would not keep the threads busier, unless there are more threads. */
const leastWidth = 32

class Entrance {
  #width: number | undefined
  #inside = 0
  #waiting: (() => void)[] = []
  /** How many of those that waited have begun. */
  #begun = 0

  /** Calls `begin` when there is room. When what it began has ended, `leave` must be called, once. */
  enter(begin: () => void): void {
    // A call that blocks its thread for long must not keep others from the threads that are left.
    this.#width ??= Math.max(leastWidth, 2 * (Number(process.env.UV_THREADPOOL_SIZE) || 0))
    if (this.#inside >= this.#width) this.#waiting.push(begin)
    else {
      this.#inside++
      begin()
    }
  }

  leave(): void {
    const next = this.#waiting[this.#begun++]
    if (next) next()
    else {
      this.#inside--
      this.#waiting = []
      this.#begun = 0
    }
  }
}

/** Those that take a descriptor wait for one where none is free. */
const taking: ReadonlySet<Op> = new Set(['open', 'readFile', 'readdir', 'list', 'copyFile'])
/** Apart from the others, because those that wait for a descriptor must not keep out the calls that free one. */
const entranceOfTaking = new Entrance()
const entranceOfOthers = new Entrance()

/** Has the pool make a call when there is room for it. What Node refuses at once is an error like any other. */
export function enterPool(op: Op, make: (done: Done) => void, done: Done): void {
  const entrance = taking.has(op) ? entranceOfTaking : entranceOfOthers
  const end: Done = (error, value) => {
    entrance.leave()
    done(error, value)
  }
  entrance.enter(() => {
    try {
      make(end)
    } catch (error) {
      // Later, because each call that is refused lets the next one in.
      queueMicrotask(() => end(error))
    }
  })
}
