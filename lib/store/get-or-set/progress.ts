// How far a call has come.

import type { Claim } from '../backing.js'
import type { Held } from '../claim.js'
import type { Entry } from '../contract.js'
import type { Got } from './options.js'
import { newWork } from './works.js'

export interface Progress<T> {
  /** How long (ms) it may wait for other calls. */
  readonly mostMs: number
  /** Since when it waits; undefined: it does not. */
  sinceMs: number | undefined
  /** For whose call it waits. */
  waitsFor: Claim | undefined
  /** The claim under which it makes the value. */
  held: Held | undefined
  /** It did not wait any longer. */
  isLate: boolean
  /** It has made a value, and lost its claim. */
  robbed: { readonly value: T; readonly ttlMs: number; readonly held: Held } | undefined
  /** Names what is done for it, for calls that are made inside of that. */
  readonly work: string
  /** Called before the user's function is. */
  readonly begins: () => void
}

export const newProgress = <T>(mostMs: number, begins = () => {}): Progress<T> => ({
  mostMs,
  sinceMs: undefined,
  waitsFor: undefined,
  held: undefined,
  isLate: false,
  robbed: undefined,
  work: newWork(),
  begins,
})

export const gotEntry = <T>({ value, version }: Entry<T>, source: Got<T>['source']): Got<T> => ({
  value,
  version,
  source,
})
