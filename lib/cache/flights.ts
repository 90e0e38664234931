// The flights under way, by key.
//
// A flight ends for its callers as soon as there is something to give them: also when another value is set. What it was
// still doing then goes on by itself, and comes to nothing.

import type { Outcome } from '../core/steps.js'
import type { Entry } from './entries.js'
import { cacheClosed, valueWasSet } from './errors.js'
import { Flight } from './flight.js'
import type { Task } from './task.js'
import type { Landing } from './waiter.js'

export class Flights<K, V> {
  /** Those that callers who come now may join. */
  readonly #current = new Map<K, Flight<K, V>>()
  /** Those that have callers, and that callers who come now must not join. */
  readonly #outdated = new Map<K, Set<Flight<K, V>>>()

  get(key: K): Flight<K, V> | undefined {
    return this.#current.get(key)
  }

  add(key: K, task: Task): Flight<K, V> {
    const flight = new Flight<K, V>(key, task, this.#abandoned)
    this.#current.set(key, flight)
    return flight
  }

  /** Another value is in the cache now: that is what all callers get. */
  overtake(key: K, { value, stay }: Entry<K, V>): void {
    const current = this.#current.get(key)
    for (const flight of [...(current ? [current] : []), ...(this.#outdated.get(key) ?? [])]) {
      this.end(flight, { value: { value, stay, source: 'hit' } })
      flight.task.stop(valueWasSet(key))
    }
  }

  /** What is being loaded for the key is not stored, and callers who come now have a load of their own. */
  outdate(key: K): void {
    const flight = this.#current.get(key)
    if (!flight?.isLoading) return
    flight.isOutdated = true
    this.#current.delete(key)
    const others = this.#outdated.get(key)
    if (others) others.add(flight)
    else this.#outdated.set(key, new Set([flight]))
  }

  outdateAll(): void {
    for (const key of [...this.#current.keys()]) this.outdate(key)
  }

  /** Rejects all callers. */
  close(): void {
    const error = cacheClosed()
    const outdated = [...this.#outdated.values()].flatMap(flights => [...flights])
    for (const flight of [...this.#current.values(), ...outdated]) {
      this.end(flight, { error })
      flight.task.stop(error)
    }
  }

  readonly #abandoned = (flight: Flight<K, V>, error: Error): void => {
    this.#forget(flight)
    flight.task.stop(error)
  }

  end(flight: Flight<K, V>, outcome: Outcome<Landing<K, V>>): void {
    this.#forget(flight)
    flight.end(outcome)
  }

  #forget(flight: Flight<K, V>): void {
    const { key } = flight
    if (this.#current.get(key) === flight) this.#current.delete(key)
    const outdated = this.#outdated.get(key)
    if (outdated?.delete(flight) && outdated.size === 0) this.#outdated.delete(key)
  }
}
