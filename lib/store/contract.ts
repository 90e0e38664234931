// What a store promises, whatever engine it is on. Absent, deleted and failed are three: undefined, an entry that is
// `gone`, and an error. A change that is refused returns what is there instead, so no caller reads it again.

import type { Dual } from '../core/dual.js'
import type { Patience } from '../core/input.js'

/** A value, as it was at a moment. */
export interface Entry<T> {
  readonly value: T
  /** Names this value of this key: no other value has it in the life of the store. A touch leaves it as it is. */
  readonly version: string
  /** When the value was written (ms since 1970, on the engine's clock). A touch leaves it as it is. */
  readonly written: number
  /** When it expires (ms since 1970, on the engine's clock); undefined: never. */
  readonly expires: number | undefined
  readonly gone: false
}

/** A key that was deleted, and whose deletion is remembered. */
export interface Gone {
  readonly value?: undefined
  readonly version: string
  /** Until when that is remembered (ms since 1970, on the engine's clock). */
  readonly until: number
  readonly gone: true
}

/** What became of a change. `ok: false`: it was refused, and `entry` is what is there instead. */
export type Change<T> =
  | { readonly ok: true; readonly entry: Entry<T> | undefined }
  | { readonly ok: false; readonly entry: Entry<T> | Gone | undefined }

/** A value, or a function that makes it of the entry that is there. It may be called again, so it must only do that. */
export type NewValue<T> =
  // Of a store of unknown values, too, the function's parameter is an entry.
  (unknown extends T ? NonNullable<unknown> | null : T) | ((old: Entry<T>) => T | Promise<T>)

export interface GetOptions extends Patience {
  /** Moves the end of the entry to so many ms from now, unless less than a tenth of that has passed since it was moved. */
  readonly touch?: number | undefined
}

export interface CreateOptions extends Patience {
  /** Milliseconds until the entry expires. @default Infinity */
  readonly ttl?: number | undefined
}

export interface UpdateOptions extends Patience {
  /** Changes only this version. */
  readonly ifVersion?: string | undefined
  /** Milliseconds until the entry expires; `keep`: when it would have expired anyway. @default 'keep' */
  readonly ttl?: number | 'keep' | undefined
}

export interface RemoveOptions extends Patience {
  /** Removes only this version. */
  readonly ifVersion?: string | undefined
  /** Milliseconds for which the deletion is remembered: until then the key counts as deleted, and `create` is refused. @default 0 */
  readonly tombstone?: number | undefined
}

export interface TouchOptions extends Patience {
  /** Touches only this version. */
  readonly ifVersion?: string | undefined
}

export interface KeysOptions {
  /** Only keys that begin so. @default '' */
  readonly prefix?: string | undefined
}

/** What `sweep` has removed. */
export interface Swept {
  /** Entries that had expired. */
  readonly expired: number
  /** Tombstones that were remembered long enough. */
  readonly tombstones: number
  /** Files, rows or objects that belonged to no entry. */
  readonly debris: number
}

/** Keyed values that any number of processes use at once. Each function has the forms of `Dual`; `sync` where the engine can. */
export interface Store<T> {
  /**
   * Returns the entry; undefined if there is none (it never was, was removed, or has expired); a `gone` one if it was deleted,
   * and that is remembered. A failure is an error, never a miss.
   */
  readonly get: Dual<[key: string, options?: GetOptions], Entry<T> | Gone | undefined>
  /** Makes the entry. Refused if there is one, or a tombstone: then that is `entry`. */
  readonly create: Dual<[key: string, value: T, options?: CreateOptions], Change<T>>
  /**
   * Replaces the value. Refused if there is no entry. A function gets the entry, and returns the value or a promise for it; it is
   * called again if others change the entry meanwhile, for `retryFor` ms (then `ERR_CONFLICT`). With `ifVersion` nothing is
   * tried again.
   */
  readonly update: Dual<[key: string, value: NewValue<T>, options?: UpdateOptions], Change<T>>
  /** Removes the entry, and with it the claim of a call that makes a value for the key. Refused if there is no entry. */
  readonly remove: Dual<[key: string, options?: RemoveOptions], Change<T>>
  /** Moves the end of the entry to `ttl` ms from now; the value is not written again, and its version stays. */
  readonly touch: Dual<[key: string, ttl: number, options?: TouchOptions], Change<T>>
  /** The entries that there are, in the order of the keys. */
  readonly getMany: Dual<[keys: Iterable<string>, options?: Patience], Map<string, Entry<T>>>
  /** Makes entries, each by itself: what became of each, in the order of the values. */
  readonly createMany: Dual<[values: Iterable<readonly [string, T]>, options?: CreateOptions], Map<string, Change<T>>>
  /** Removes what has expired, and what processes have left behind that are dead. */
  readonly sweep: Dual<[options?: Patience], Swept>
  /** After `ERR_UNKNOWN_OUTCOME`: looks again whether that change was made. Throws the same error if it still cannot be known. */
  readonly confirm: Dual<[error: unknown, options?: Patience], 'done' | 'not done'>
  /** The keys that have a live entry, in any order: `for await`, or `for` where the engine can. */
  keys(options?: KeysOptions): AsyncIterable<string> & Iterable<string>
  /** Releases the claims of this store object. What was passed in stays open. */
  readonly close: Dual<[options?: Patience], void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A store, whatever its values are: what may be done to it without making one. */
export type AnyStore = Pick<Store<unknown>, 'get' | 'remove' | 'getMany' | 'keys' | 'sweep' | 'close'>
