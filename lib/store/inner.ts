// What is behind a store object. Wrappers and getOrSet are built on it: a wrapper that changes where keys are, or where
// they are read first, is a backing over a backing, so the text of the operations stays one.

import { refusal } from '../core/input.js'
import type { Life } from '../parts/life.js'
import type { Backing } from './backing.js'
import type { Codec } from './codec.js'
import type { Ids } from './kept.js'

/** What happened, for those that count (`stats`). */
export type Happening =
  | 'hit'
  | 'miss'
  | 'stale'
  | 'made'
  | 'waited'
  | 'met'
  | 'unstored'
  | 'conflict'
  | 'takeover'
  | 'unknown'
  | 'damaged'

export interface Inner<T> {
  readonly backing: Backing
  readonly codec: Codec<T>
  /** The most bytes that a value may have. */
  readonly mostBytes: number
  /** Of the store object: a claim that is made through it is given back when it is closed (`holdFor`). */
  readonly life: Life
  /** False: every read is a miss (`enabled`). */
  readonly reads: boolean
  /** False: every change is refused (`enabled`). */
  readonly writes: boolean
  /** Is a value of this key to be made anew, though one is there (`refreshing`)? Asked by getOrSet, which then says `made`. */
  isDue(key: string): boolean
  /**
   * Names, for the calls of this thread, the value that a key leads to: whichever wrappers it is reached through, its name is the
   * same. Calls for one value share a flight, and take turns.
   */
  identityOf(key: string): string
  note(happening: Happening, key: string): void
  readonly ids: Ids
}

let engines = 0
const numbers = new WeakMap<Backing, number>()

/** `identityOf` for the keys of an engine. */
export function identitiesIn(backing: Backing): Inner<never>['identityOf'] {
  const number = numbers.get(backing) ?? ++engines
  numbers.set(backing, number)
  return key => `holdfast:store-${number}/${key}`
}

const inners = new WeakMap<object, Inner<never>>()

export function keepInner<T>(store: object, inner: Inner<T>): void {
  inners.set(store, inner as Inner<never>)
}

/** What an argument must be, for the message of a refusal. */
export const aStore = 'a store that holdfast has opened'

/** What is behind a store that this package has made. `expected` names what else the argument may be. */
export function innerOf<T>(store: unknown, argument = 'store', expected = aStore): Inner<T> {
  const inner = typeof store === 'object' && store !== null ? inners.get(store) : undefined
  if (inner) return inner as unknown as Inner<T>
  throw refusal('ERR_INVALID_ARG_TYPE', argument, expected, store)
}
