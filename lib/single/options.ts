import type { Holder } from '../lock/holder.js'
import type { Lease } from '../lock/lease.js'
import type { LockOptions } from '../lock/options.js'

export interface SingleOptions<T = unknown> extends LockOptions {
  /** What others get to know of the instance: anything that JSON can hold. @default what `start` returns, or null */
  readonly data?: T | undefined
  /**
   * Starts the instance, under the lock. Only when it has ended do others get the data: what it returns, unless that is
   * undefined, and then `data`. If it fails, the lock is free again, and its error is thrown. @default nothing to start
   */
  readonly start?: ((lease: Lease) => T | PromiseLike<T>) | undefined
  /** Waits until the instance is ready, if another call is starting it. @default true */
  readonly wait?: boolean | undefined
}

/** This call has become the one instance. */
export interface First<T> extends AsyncDisposable, Disposable {
  readonly isFirst: true
  readonly data: T
  /** Its `release` lets another call be the one; its `signal` is aborted if the lock is lost. */
  readonly lease: Lease
  readonly holder?: undefined
}

/** Another call is the one instance. */
export interface Other<T> extends AsyncDisposable, Disposable {
  readonly isFirst: false
  /** What the instance has published; undefined if it has not yet, with `wait: false`. */
  readonly data: T | undefined
  readonly lease?: undefined
  /** Who is the one: its pid, its thread, its host, since when ... */
  readonly holder: Holder
}

export type Single<T> = First<T> | Other<T>
