import { monotonicMs } from '../../core/moment.js'

// The server's clock, as it was heard of last: near enough to say how much of a time has passed, and never used to say
// whether something has ended.

/** Milliseconds: one of the two clocks may be set meanwhile. */
const knownForMs = 30_000

export class ServerClock {
  #aheadMs = 0
  #heardAtMs = Number.NEGATIVE_INFINITY

  /** Notes what the server has said, and returns it. */
  heard(said: unknown): number {
    const nowMs = Number(said)
    this.#heardAtMs = monotonicMs()
    this.#aheadMs = nowMs - Date.now()
    return nowMs
  }

  get isKnown(): boolean {
    return monotonicMs() - this.#heardAtMs < knownForMs
  }

  get nowMs(): number {
    return Date.now() + this.#aheadMs
  }
}
