// What is under way for a key: the check of the value that is there, the load of a new one, and the callers that wait for
// what comes of it.

import type { Deadline } from '../core/deadline.js'
import type { Outcome } from '../core/steps.js'
import type { Task } from './task.js'
import { type Landing, Waiter } from './waiter.js'

export class Flight<K, V> {
  isLoading = false
  /** The load is being called this very moment: a caller who comes now is that load itself. */
  isCalling = false
  /** The key was deleted after the load had begun, so what is loaded is older than that, and must not be stored. */
  isOutdated = false
  /** Its callers have what they waited for, or have left. */
  isOver = false
  readonly #waiters = new Set<Waiter<K, V>>()

  constructor(
    readonly key: K,
    /** The check, and later the load. */
    public task: Task,
    /** Called when the last caller has left. */
    private readonly abandoned: (flight: Flight<K, V>, error: Error) => void,
  ) {}

  board(uses: boolean, deadline: Deadline | undefined): Waiter<K, V> {
    const waiter = new Waiter<K, V>(uses, deadline)
    this.#waiters.add(waiter)
    deadline?.arm(() => this.leave(waiter, deadline.error))
    return waiter
  }

  leave(waiter: Waiter<K, V>, error: Error): void {
    this.#waiters.delete(waiter)
    waiter.end({ error })
    if (this.#waiters.size > 0) return
    this.isOver = true
    this.abandoned(this, error)
  }

  /** Gives all callers the same. */
  end(outcome: Outcome<Landing<K, V>>): void {
    this.isOver = true
    this.task.disarm()
    for (const waiter of this.#waiters) waiter.end(outcome)
    this.#waiters.clear()
  }
}
