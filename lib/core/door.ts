// A door to the disk, as the drivers (./drive.ts) use it. The one real door is in ./disk.ts. One that wraps it can put
// faults into any call, because every call that a driver makes goes through its door, also each of several at once.

import type { Alphabet, Op } from './alphabet.js'
import type { Done, Wake } from './done.js'

/** A call that a door makes. `together` is not one of them: the drivers take it apart. */
export interface SingleCall {
  readonly op: Exclude<Op, 'together'>
  readonly args: readonly unknown[]
}

export interface Door {
  /**
   * Makes the call in the calling thread. Returns its value, or throws its error.
   *
   * @param call What is to be done.
   */
  performSync(call: SingleCall): unknown
  /**
   * Makes the call, and passes its error or its value to `done`: before it returns, or later. Only the first time counts.
   * An error that it throws counts as an error of the call. If the call is a wait, or has to wait until it is made,
   * returns how to end that early.
   *
   * @param call What is to be done.
   * @param done Gets the error or the value.
   */
  perform(call: SingleCall, done: Done): Wake | undefined
}

/** How a call is made, by its name. */
export type CallTable<R> = { readonly [O in SingleCall['op']]: (...args: Parameters<Alphabet[O]>) => R }
