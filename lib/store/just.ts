import type { Steps } from '../core/steps.js'

/** Steps that make no call. A generator would take longer than the work of a quick engine. */
export const just = <T>(work: () => T): Steps<T> => new Just(work) as unknown as Steps<T>

class Just<T> implements Iterator<never, T> {
  readonly #work: () => T

  constructor(work: () => T) {
    this.#work = work
  }

  next(): IteratorResult<never, T> {
    return { value: this.#work(), done: true }
  }

  return(value: T): IteratorResult<never, T> {
    return { value, done: true }
  }

  throw(error: unknown): never {
    throw error
  }

  [Symbol.iterator](): this {
    return this
  }
}
