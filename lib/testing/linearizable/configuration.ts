// How far the search has come at a point: which operations are placed, and the state that they lead to.

import type { Operation } from './history.js'
import type { Call, Rim } from './ring.js'

export interface Configuration<S, I, O> {
  readonly before: Configuration<S, I, O> | undefined
  /** The operation that was placed last. */
  readonly placed: Operation<I, O> | undefined
  readonly state: S
  readonly key: string
  /** The highest number of a call that is placed. */
  readonly highest: number
  /** Which of the pending operations have happened, one bit each. */
  readonly happened: bigint
}

/** The operations of a configuration, the first one first. */
export function orderOf<S, I, O>(last: Configuration<S, I, O>): Operation<I, O>[] {
  const order: Operation<I, O>[] = []
  for (let at: typeof last | undefined = last; at?.placed; at = at.before) order.push(at.placed)
  return order.reverse()
}

/**
 * Names the set of returned operations that are placed: all up to the highest number, except those that are still in the
 * ring (`lifted` is about to leave it). Those were under way when the highest was called, so the name stays short however
 * long the history is.
 */
export function nameOfPlaced<I, O>(rim: Rim<I, O>, highest: number, lifted?: Call<I, O>): string {
  let name = `${highest}`
  for (let at = rim.later; at.kind === 'call' && at.number < highest; at = at.later)
    if (at !== lifted) name += `,${at.number}`
  return `${name}:`
}

/** The configurations that the search has come to. None is visited twice. */
export class Visited {
  /** By the returned operations that are placed, and by state: with which pending ones that was visited. */
  readonly #happened = new Map<string, bigint[]>()

  /**
   * Adds a configuration. Returns false if one is known with the same state, the same returned operations, and none of
   * the pending ones that this one has not: that one can go on wherever this one can.
   */
  add<S, I, O>({ key, happened }: Configuration<S, I, O>, placed: string): boolean {
    const known = this.#happened.get(placed + key)
    if (known?.some(less => (less & happened) === less)) return false
    if (known) known.push(happened)
    else this.#happened.set(placed + key, [happened])
    return true
  }
}
