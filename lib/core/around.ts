// Steps around other steps. While these go well they cost next to nothing. A generator around a call costs about as much as
// the cheapest calls do (./steps.ts), so one is begun only when something has failed.

import type { Call, Steps } from './steps.js'

/**
 * Runs steps. If they fail, those of `rescue` run: they return the result, or throw. If they do not, `finish` makes the
 * result of theirs.
 */
export const rescued = <T>(
  steps: () => Steps<T>,
  rescue: (error: unknown) => Steps<T>,
  finish?: (value: T) => T,
): Steps<T> => new Around(steps, rescue, finish) as unknown as Steps<T>

/** Runs steps, and returns what `finish` makes of their result. */
export const mapped = <T, U>(steps: () => Steps<T>, finish: (value: T) => U): Steps<U> =>
  new Around<unknown>(steps, undefined, finish as (value: unknown) => unknown) as unknown as Steps<U>

class Around<T> implements Iterator<Call, T> {
  readonly #begin: () => Steps<T>
  #rescue: ((error: unknown) => Steps<T>) | undefined
  #finish: ((value: T) => T) | undefined
  #steps: Steps<T> | undefined

  constructor(
    begin: () => Steps<T>,
    rescue: ((error: unknown) => Steps<T>) | undefined,
    finish: ((value: T) => T) | undefined,
  ) {
    this.#begin = begin
    this.#rescue = rescue
    this.#finish = finish
  }

  next(result?: unknown): IteratorResult<Call, T> {
    let step: IteratorResult<Call, T>
    try {
      this.#steps ??= this.#begin()
      step = this.#steps.next(result)
    } catch (error) {
      return this.#fail(error)
    }
    return this.#passOn(step)
  }

  throw(error: unknown): IteratorResult<Call, T> {
    if (!this.#steps) throw error
    let step: IteratorResult<Call, T>
    try {
      step = this.#steps.throw(error)
    } catch (another) {
      return this.#fail(another)
    }
    return this.#passOn(step)
  }

  return(value: T): IteratorResult<Call, T> {
    return this.#steps ? this.#steps.return(value) : { value, done: true }
  }

  [Symbol.iterator](): this {
    return this
  }

  #fail(error: unknown): IteratorResult<Call, T> {
    const rescue = this.#rescue
    if (!rescue) throw error
    // What comes of the rescue is the result.
    this.#rescue = undefined
    this.#finish = undefined
    this.#steps = rescue(error)
    return this.#steps.next()
  }

  #passOn(step: IteratorResult<Call, T>): IteratorResult<Call, T> {
    return step.done && this.#finish ? { value: this.#finish(step.value), done: true } : step
  }
}
