// A bounded map that keeps what was used last, and never forgets all at once: two generations of maps. What is found in the
// old one moves to the young one; when that is full, it becomes the old one, and what was not used since then is gone.

export class RecentMap<V extends NonNullable<unknown>> {
  readonly #most: number
  #young = new Map<string, V>()
  #old = new Map<string, V>()

  /** It keeps at least the last `most` that were used, and at most twice as many. */
  constructor(most: number) {
    this.#most = most
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined || this.#old.size === 0) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: V): void {
    if (this.#young.size >= this.#most && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }

  delete(key: string): void {
    this.#young.delete(key)
    if (this.#old.size > 0) this.#old.delete(key)
  }
}
