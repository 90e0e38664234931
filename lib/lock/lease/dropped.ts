// A lease that its caller has lost: nothing refers to it any more, and its heartbeats would keep the lock for as long as the
// process lives.

interface Held {
  /** How the hold has ended; undefined: it has not. */
  readonly over: unknown
  readonly whenOver: (() => void)[]
}

/** The leases of one kind of lock. */
export class DroppedLeases<H extends Held> {
  readonly #nameOf: (hold: H) => string
  readonly #release: (hold: H) => Promise<unknown>
  readonly #advice: string
  /** Made by the first lease, because nothing happens at import. */
  #registry: FinalizationRegistry<H> | undefined

  constructor(nameOf: (hold: H) => string, release: (hold: H) => Promise<unknown>, advice: string) {
    this.#nameOf = nameOf
    this.#release = release
    this.#advice = advice
  }

  /** Until the hold is over: if the lease is garbage-collected, the lock is released. */
  watch(lease: object, hold: H, heartbeats: { stop(): void }): void {
    this.#registry ??= new FinalizationRegistry(dropped => this.#giveBack(dropped))
    this.#registry.register(lease, hold, hold)
    hold.whenOver.push(() => {
      heartbeats.stop()
      this.#registry?.unregister(hold)
    })
  }

  #giveBack(hold: H): void {
    if (hold.over) return
    process.emitWarning(`A lease was dropped without being released, and is released now: ${this.#nameOf(hold)}`, {
      code: 'HOLDFAST_LEASE_DROPPED',
      detail: `Keep the lease for as long as the lock is needed, and call lease.release()${this.#advice}.`,
    })
    // If this fails, it is tried again.
    this.#release(hold).catch(() => {})
  }
}
