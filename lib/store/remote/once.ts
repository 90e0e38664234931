// What the first call of a thread does, and all others need: they wait for it.

import { isInterruption } from '../../core/interruption.js'
import { fs, type Outcome, type Steps } from '../../core/steps.js'

export class Once<T> {
  readonly #make: () => Steps<T>
  #made: { readonly value: T } | undefined
  #making: Promise<Outcome<T> | undefined> | undefined

  constructor(make: () => Steps<T>) {
    this.#make = make
  }

  /** Throws what the call has thrown that made it, unless that was only stopped. The next call tries again. */
  *get(): Steps<T> {
    while (!this.#made && this.#making) {
      const outcome = yield* fs.settle(this.#making)
      if (outcome && 'error' in outcome && !isInterruption(outcome.error)) throw outcome.error
    }
    return this.#made ? this.#made.value : yield* this.#first()
  }

  *#first(): Steps<T> {
    let end: (outcome?: Outcome<T>) => void = () => {}
    this.#making = new Promise(resolve => {
      end = resolve
    })
    try {
      const value = yield* this.#make()
      this.#made = { value }
      end(this.#made)
      return value
    } catch (error) {
      end({ error })
      throw error
    } finally {
      this.#making = undefined
      end()
    }
  }
}
