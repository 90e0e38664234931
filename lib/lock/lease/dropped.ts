import { setTimeout } from '../../core/timers.js'

// A lease that its caller has lost: nothing refers to it any more, and its heartbeats would keep the lock for as long as the
// process lives.

// Tests replace the global timers, or clear them.

interface Held {
  /** How the hold has ended; undefined: it has not. */
  readonly over: unknown
  readonly whenOver: (() => void)[]
}

/** What shows that a hold lives, for as long as it does. */
export interface Beats {
  /** Milliseconds between two of them. */
  readonly everyMs: number
  readonly begin: () => { stop(): void }
}

/**
 * Milliseconds until a lease is watched, and its heartbeats begin. Most leases are released before, and either costs as much
 * as the rest of a lock.
 */
const youngMs = 50

/** The leases of one kind of lock. */
export class DroppedLeases<H extends Held> {
  readonly #nameOf: (hold: H) => string
  readonly #release: (hold: H) => Promise<unknown>
  readonly #advice: string
  /** Made by the first lease, because nothing happens at import. */
  #registry: FinalizationRegistry<H> | undefined
  /** How the watch of each hold begins that is not watched yet. */
  readonly #young = new Map<H, () => void>()
  #timer: NodeJS.Timeout | undefined
  /** A program that drops one lease drops many, and one warning shows the mistake. */
  #hasWarned = false

  constructor(nameOf: (hold: H) => string, release: (hold: H) => Promise<unknown>, advice: string) {
    this.#nameOf = nameOf
    this.#release = release
    this.#advice = advice
  }

  /** Until the hold is over: makes its heartbeats, and if the lease is garbage-collected, releases the lock. */
  watch(lease: object, hold: H, beats?: Beats): void {
    if (beats && beats.everyMs < 10 * youngMs) {
      this.#begin(lease, hold, beats)
      return
    }
    this.#young.set(hold, () => this.#begin(lease, hold, beats))
    hold.whenOver.push(this.#forgetting(hold))
    this.#timer ??= setTimeout(() => this.#grow(), youngMs).unref()
  }

  /** Made apart from the lease: two functions that are made in one place keep alive whatever either of them needs. */
  #forgetting(hold: H): () => void {
    return () => this.#young.delete(hold)
  }

  #grow(): void {
    this.#timer = undefined
    const young = [...this.#young.values()]
    this.#young.clear()
    for (const begin of young) begin()
  }

  #begin(lease: object, hold: H, beats: Beats | undefined): void {
    const heartbeats = beats?.begin()
    this.#registry ??= new FinalizationRegistry(dropped => this.#giveBack(dropped))
    this.#registry.register(lease, hold, hold)
    hold.whenOver.push(() => {
      heartbeats?.stop()
      this.#registry?.unregister(hold)
    })
  }

  #giveBack(hold: H): void {
    if (hold.over) return
    this.#warn(hold)
    // If this fails, it is tried again.
    this.#release(hold).catch(() => {})
  }

  #warn(hold: H): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    process.emitWarning(`A lease was dropped without being released, and is released now: ${this.#nameOf(hold)}`, {
      code: 'HOLDFAST_LEASE_DROPPED',
      detail:
        `Keep the lease for as long as it is needed, and call lease.release()${this.#advice}. ` +
        'Others of its kind that this thread drops are released without a warning.',
    })
  }
}
