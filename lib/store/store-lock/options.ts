import type { Patience } from '../../core/input.js'

/** Who holds a lock in a store. */
export interface StoreHolder {
  /** The thread, as the engine spells it. */
  readonly owner: string
  /** The fencing token of its hold. */
  readonly fence: number
  /** undefined: that cannot be known here. */
  readonly alive: boolean | undefined
  /** As its option `label` says. */
  readonly label: string | undefined
  /** When it took the lock (ms since 1970, on its own clock); undefined: it has left no label. */
  readonly since: number | undefined
}

/** What a call that waits for a lock in a store knows. */
export interface StoreWaiting {
  /** Who holds it. */
  readonly holder: StoreHolder
  /** How long (ms) the call has waited. */
  readonly waited: number
}

export interface StoreLockOptions extends Patience {
  /**
   * How long (ms) this holder may go without a heartbeat before those that cannot judge it, as on another machine, take its
   * lock over. Heartbeats are made three times as often. @default 15_000
   */
  readonly lease?: number | undefined
  /** What those see that find the lock held: a text of at most 200 characters. @default none */
  readonly label?: string | undefined
  /**
   * Called when the call finds the lock held, and then every second for as long as it waits. An error that it throws ends the
   * call; a promise that it returns is waited for (not in the sync form).
   */
  readonly onWait?: ((waiting: StoreWaiting) => unknown) | undefined
}
