// The clock of a store in S3: that of this machine, unless the server's proves it wrong. A reply says the server's time
// in whole seconds, and was made between the moments at which the request was sent and the reply came.

export class ServerClock {
  /** What must be added to this machine's time, as far as is known. */
  #offsetMs = 0

  now(): number {
    return Date.now() + this.#offsetMs
  }

  /** Learns from one reply. */
  note(dateMs: number | undefined, sentMs: number, receivedMs: number): void {
    if (dateMs === undefined) return
    const least = dateMs - receivedMs
    const most = dateMs + 1_000 - sentMs
    // As little as the reply allows: processes with good clocks then agree to the millisecond.
    this.#offsetMs = least > 0 ? least : Math.min(0, most)
  }
}
