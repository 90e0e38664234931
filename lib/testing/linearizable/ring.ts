// The calls and returns of a history as a ring, by time. A call that is placed is lifted out of the ring, and put back when
// the search goes back, so what may come next is always at the beginning.

import type { Operation } from './history.js'

/** Where the ring begins and ends. */
export interface Rim<I, O> extends Linked<I, O> {
  readonly kind: 'rim'
}

export interface Call<I, O> extends Linked<I, O> {
  readonly kind: 'call'
  readonly operation: Operation<I, O>
  /** In the order of the calls. */
  readonly number: number
  readonly returns: Return<I, O>
}

interface Return<I, O> extends Linked<I, O> {
  readonly kind: 'return'
  readonly time: number
}

type Event<I, O> = Rim<I, O> | Call<I, O> | Return<I, O>

interface Linked<I, O> {
  earlier: Event<I, O>
  later: Event<I, O>
}

/** Makes the ring of operations that all returned and are sorted by their calls. */
export function ringOf<I, O>(operations: readonly Operation<I, O>[]): Rim<I, O> {
  const rim = { kind: 'rim' } as Rim<I, O>
  const calls = operations.map((operation, number) => {
    const returns = { kind: 'return', time: operation.ended } as Return<I, O>
    return { kind: 'call', operation, number, returns } as Call<I, O>
  })
  const timed = [
    ...calls.map(event => ({ time: event.operation.call, event })),
    ...calls.map(({ returns }) => ({ time: returns.time, event: returns })),
  ]
  let last: Event<I, O> = rim
  // The sort is stable: at one time all calls come before all returns, so that their operations overlap.
  for (const { event } of timed.sort((a, b) => a.time - b.time)) {
    join(last, event)
    last = event
  }
  join(last, rim)
  return rim
}

export function lift<I, O>(call: Call<I, O>): void {
  join(call.earlier, call.later)
  join(call.returns.earlier, call.returns.later)
}

/** Only in the reverse order of lifting: then the neighbours that a call remembers are the ones it had. */
export function putBack<I, O>(call: Call<I, O>): void {
  for (const event of [call.returns, call]) {
    event.earlier.later = event
    event.later.earlier = event
  }
}

function join<I, O>(earlier: Event<I, O>, later: Event<I, O>): void {
  earlier.later = later
  later.earlier = earlier
}
