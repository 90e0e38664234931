/** A read under way. */
export interface Read {
  /** Its key was changed meanwhile, so what it brings may be what was there before. */
  isOvertaken: boolean
}

/** The reads of a memo that are under way, by key. */
export class Reads {
  readonly #underWay = new Map<string, Set<Read>>()

  begin(key: string): Read {
    const read = { isOvertaken: false }
    const others = this.#underWay.get(key)
    if (others) others.add(read)
    else this.#underWay.set(key, new Set([read]))
    return read
  }

  end(key: string, read: Read): void {
    const all = this.#underWay.get(key)
    all?.delete(read)
    if (all?.size === 0) this.#underWay.delete(key)
  }

  overtake(key: string): void {
    for (const read of this.#underWay.get(key) ?? []) read.isOvertaken = true
  }
}
