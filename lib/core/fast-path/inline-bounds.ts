// How much the event loop may wait for inline calls: a little in each of its turns, and not for a device that was slow.

import { monotonicMs } from '../moment.js'
import { setImmediate } from '../timers.js'

const turnMs = 2
const slowMs = 20
const shortestRestMs = 1000
const longestRestMs = 600_000

/**
 * Bounds the time of inline calls in one turn of the event loop. To notice the end of a turn takes as long as a quick call,
 * so that begins when half is spent, and what was spent in the turns before counts until then.
 */
export class TurnBudget {
  #spentMs = 0
  #isTurning = false

  get isSpent(): boolean {
    return this.#spentMs >= turnMs
  }

  /** Calls `go` when some is left: at once, or in a later turn. */
  whenLeft(go: () => void): void {
    if (this.isSpent) setImmediate(() => this.whenLeft(go))
    else go()
  }

  spend(ms: number): void {
    this.#spentMs += ms
    if (this.#isTurning || this.#spentMs < turnMs / 2) return
    this.#isTurning = true
    // It keeps no process alive.
    setImmediate(() => {
      this.#isTurning = false
      this.#spentMs = 0
    }).unref()
  }
}

/** A call that the pool makes on a device at rest. */
interface Timed {
  readonly beganMs: number
  endedMs: number | undefined
}

interface Rest {
  untilMs: number
  lengthMs: number
  /** The first calls of the rest, which show whether the device is still slow. */
  timed: Timed[]
}

const mostTimed = 7
/** Of fewer calls no median is taken. */
const leastTimed = 3
/** Among more calls of this process a call waits for its turn in the pool, and would look slow for that. */
const mostAmong = 3

/**
 * Which devices are slow. One slow inline call may mean only that this process did not run for a while, so it leaves its
 * device to the pool for a second. Whether the rest is then longer is decided by what calls in the pool take.
 */
export class Distrust {
  readonly #rests = new Map<number, Rest>()
  readonly #now: () => number

  constructor(now = monotonicMs) {
    this.#now = now
  }

  isResting(dev: number): boolean {
    const rest = this.#rests.get(dev)
    if (!rest) return false
    const nowMs = this.#now()
    if (nowMs < rest.untilMs) return true
    const { timed } = rest
    const isSlow = timed.length > 0 && medianMs(timed, nowMs) > slowMs
    if (isSlow && timed.length < leastTimed) return true
    if (isSlow) this.#rest(dev, Math.min(2 * rest.lengthMs, longestRestMs))
    // Without a call in the pool nothing has shown that the device is quick: the next rest has the same length.
    else if (timed.length > 0) this.#rests.delete(dev)
    return isSlow
  }

  /** Notes how long an inline call took. */
  noteInline(dev: number, ms: number): void {
    if (ms > slowMs) this.#rest(dev, this.#rests.get(dev)?.lengthMs ?? shortestRestMs)
  }

  #rest(dev: number, lengthMs: number): void {
    this.#rests.set(dev, { untilMs: this.#now() + lengthMs, lengthMs, timed: [] })
  }

  /** A call that the device at rest leaves to the pool begins there, among so many. Returns what to do at its end. */
  time(dev: number, among: number): (() => void) | undefined {
    const timed = this.#rests.get(dev)?.timed
    if (!timed || timed.length >= mostTimed || among > mostAmong) return undefined
    const call: Timed = { beganMs: this.#now(), endedMs: undefined }
    timed.push(call)
    return () => {
      call.endedMs = this.#now()
    }
  }
}

/** A call that is still under way counts with what it has taken so far. */
function medianMs(timed: readonly Timed[], nowMs: number): number {
  const all = timed.map(({ beganMs, endedMs = nowMs }) => endedMs - beganMs).sort((a, b) => a - b)
  return all[all.length >> 1] ?? 0
}

/** How a device has done with calls that were guessed to find all in memory. */
interface Record {
  meanMs: number
  untilMs: number
  lengthMs: number
}

const slowGuessMs = 1
/** Of the latest call. */
const weight = 1 / 8
/** No call counts for more: one that is slow because this process did not run for a while is no evidence. */
const mostOfGuessMs = 4
const longestDoubtMs = 10_000

/**
 * Whether it is guessed right, by device, what the kernel has in memory. Where it is not, a call waits for the disk: then that
 * is guessed again after a second, and later and later if it is wrong again.
 */
export class Doubt {
  readonly #records = new Map<number, Record>()
  readonly #now: () => number

  constructor(now = monotonicMs) {
    this.#now = now
  }

  isIn(dev: number): boolean {
    const record = this.#records.get(dev)
    return record !== undefined && record.untilMs > 0 && this.#now() < record.untilMs
  }

  /** Notes how long a call took that was made on a guess. */
  note(dev: number, ms: number): void {
    const record = this.#records.get(dev) ?? { meanMs: 0, untilMs: 0, lengthMs: shortestRestMs }
    this.#records.set(dev, record)
    record.meanMs += (Math.min(ms, mostOfGuessMs) - record.meanMs) * weight
    if (record.meanMs > slowGuessMs) {
      record.untilMs = this.#now() + record.lengthMs
      record.lengthMs = Math.min(2 * record.lengthMs, longestDoubtMs)
      // The next one decides.
      record.meanMs = slowGuessMs
    } else if (record.meanMs < slowGuessMs / 2 && record.untilMs > 0) {
      record.untilMs = 0
      record.lengthMs = shortestRestMs
    }
  }
}
