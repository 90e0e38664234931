import type { Deadline } from '../core/deadline.js'

/** Counts what is under way, so that the call that closes the cache can wait until nothing is. */
export class Rest {
  #underWay = 0
  readonly #waiting = new Set<() => void>()

  begin(): void {
    this.#underWay++
  }

  end(): void {
    if (--this.#underWay > 0) return
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  /** Resolves when nothing is under way; rejects at the deadline. */
  reached(deadline: Deadline | undefined): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const ended = () => {
        deadline?.disarm()
        resolve()
      }
      this.#waiting.add(ended)
      deadline?.arm(() => {
        this.#waiting.delete(ended)
        reject(deadline.error)
      })
    })
  }
}
