// How callers come to a value: what is there is checked, and what is missing is loaded, once for all who ask meanwhile.
// Functions of the user run where everything is consistent, because each of them may change the cache.

import type { Deadline } from '../core/deadline.js'
import type { Outcome } from '../core/steps.js'
import { happened } from '../parts/happenings.js'
import type { Entries, Entry } from './entries.js'
import { cacheClosed, noVerdict, tookTooLong, waitsForItself } from './errors.js'
import type { Flight } from './flight.js'
import { Flights } from './flights.js'
import type { Caching } from './options.js'
import { type Departures, Stay } from './stay.js'
import { isUnderWay, outcomeOf, Task } from './task.js'
import type { Landing } from './waiter.js'

export class Lookups<K, V> {
  isClosed = false
  readonly flights = new Flights<K, V>()

  constructor(
    private readonly caching: Caching<K, V>,
    private readonly entries: Entries<K, V>,
    private readonly departures: Departures<K, V>,
  ) {}

  /** `uses`: the value is held until the caller says that it is not in use any more. */
  obtain(key: K, uses: boolean, deadline: Deadline | undefined): Obtained<K, V> {
    if (this.isClosed) throw cacheClosed()
    const known = this.flights.get(key)
    if (known?.isCalling) throw waitsForItself(key)
    if (known) return known.board(uses, deadline).landed()
    const base = this.entries.get(key)
    if (!base) return this.#fly(key, uses, deadline, flight => this.#load(flight))
    if (this.caching.check) return this.#check(key, base, uses, deadline)
    return hit(base, uses)
  }

  /** The caller boards before `begin` calls any function of the user, so it is served whatever that function does. */
  #fly(
    key: K,
    uses: boolean,
    deadline: Deadline | undefined,
    begin: (flight: Flight<K, V>) => void,
    task = new Task(),
  ): Obtained<K, V> {
    const flight = this.flights.add(key, task)
    const waiter = flight.board(uses, deadline)
    begin(flight)
    this.departures.handOver()
    return waiter.landed()
  }

  /** Most checks only look at the value, so a flight begins only if there is something to wait for. */
  #check(key: K, base: Entry<K, V>, uses: boolean, deadline: Deadline | undefined): Obtained<K, V> {
    if (base.isAsked) throw waitsForItself(key)
    const task = new Task()
    // What a check looks at is not disposed of before it has ended.
    base.stay.enter()
    base.isAsked = true
    const begun = outcomeOf(() => this.caching.check?.(key, base.value, task))
    base.isAsked = false
    const isThere = this.entries.has(key, base)
    if (isUnderWay(begun) && isThere)
      return this.#fly(key, uses, deadline, flight => this.#awaitVerdict(flight, base, begun), task)
    task.follow(begun, this.departures.rest, noLimit, () => {
      base.stay.leave()
      this.departures.handOver()
    })
    // The check itself has changed the cache.
    if (!isThere) return this.obtain(key, uses, deadline)
    if ('value' in begun && begun.value === 'valid') return hit(base, uses)
    return this.#fly(key, uses, deadline, flight => this.#judge(flight, base, begun))
  }

  #awaitVerdict(flight: Flight<K, V>, base: Entry<K, V>, begun: Outcome<unknown>): void {
    const { key, task } = flight
    const { checkMs } = this.caching
    let isLate = false
    const late = () => {
      isLate = true
      const error = tookTooLong('check', key, checkMs)
      this.#judge(flight, base, { error })
      task.stop(error)
      this.departures.handOver()
    }
    task.follow(begun, this.departures.rest, { ms: checkMs, late }, outcome => {
      base.stay.leave()
      if (!isLate) this.#judge(flight, base, outcome)
      this.departures.handOver()
    })
  }

  #judge(flight: Flight<K, V>, base: Entry<K, V>, outcome: Outcome<unknown>): void {
    if (flight.isOver) return
    const { key } = flight
    const { value, stay } = base
    // If it has left meanwhile, its verdict is of no use. (Had another been set, this flight would be over.)
    if (!this.entries.has(key, base)) this.#load(flight)
    else if ('error' in outcome) {
      this.flights.end(flight, { value: { value, stay, source: 'stale' } })
      happened('holdfast:check-failed', { key, error: outcome.error })
    } else if (outcome.value === 'valid') this.flights.end(flight, { value: { value, stay, source: 'hit' } })
    else if (outcome.value === 'expired') {
      this.entries.end(key, base, 'expired')
      this.#load(flight)
    } else this.flights.end(flight, { error: noVerdict(outcome.value) })
  }

  #load(flight: Flight<K, V>): void {
    const { load, loadMs } = this.caching
    const { key } = flight
    const task = new Task()
    flight.task = task
    flight.isLoading = true
    const late = () => {
      const error = tookTooLong('load', key, loadMs)
      this.flights.end(flight, { error })
      task.stop(error)
    }
    flight.isCalling = true
    const begun = outcomeOf(() => load(key, task))
    flight.isCalling = false
    task.follow(begun, this.departures.rest, { ms: loadMs, late }, outcome => {
      this.#loaded(flight, outcome as Outcome<V>)
      this.departures.handOver()
    })
  }

  #loaded(flight: Flight<K, V>, outcome: Outcome<V>): void {
    // Another value is there only if this flight is over, or outdated: then that one is newer.
    const winner = this.entries.peek(flight.key)
    if (winner && !flight.isOver) this.flights.end(flight, { value: { ...winner, source: 'hit' } })
    if ('error' in outcome) {
      if (!flight.isOver) this.flights.end(flight, outcome)
    } else if (outcome.value === undefined) {
      if (!flight.isOver)
        this.flights.end(flight, { value: { value: outcome.value, stay: undefined, source: 'loaded' } })
    } else if (!winner || !Object.is(winner.value, outcome.value)) this.#take(flight, outcome.value, winner)
  }

  /** Stores what was loaded, or lets it go, if that is not wanted any more. */
  #take(flight: Flight<K, V>, value: V, winner: Entry<K, V> | undefined): void {
    const { key, isOver, isOutdated } = flight
    const isStored = !isOver && !isOutdated
    const stay = isStored ? this.entries.put(key, value).stay : new Stay(key, value, this.departures)
    if (!isOver) this.flights.end(flight, { value: { value, stay, source: 'loaded' } })
    if (!isStored) stay.end(this.isClosed ? 'closed' : isOutdated && !winner ? 'deleted' : 'lost')
  }
}

type Obtained<K, V> = Landing<K, V> | Promise<Landing<K, V>>

const noLimit = { ms: Number.POSITIVE_INFINITY, late: () => {} }

function hit<K, V>({ value, stay }: Entry<K, V>, uses: boolean): Landing<K, V> {
  if (uses) stay.enter()
  return { value, stay, source: 'hit' }
}
