// The rounds of a race, with the processes of a crew.

import { onAbort } from '../../core/signals.js'
import { clock } from './clock.js'
import { type Contender, type Crew, ended, nextMessage } from './crew.js'
import type { RaceOptions, Result } from './options.js'

/** Runs a race. Processes that are not in the middle of a play when it ends stay in the crew. */
export async function raceWith(crew: Crew, options: RaceOptions): Promise<Result[][]> {
  const { dir, cast, rounds = 100, timeout = 60_000, signal, before, after } = options
  if (signal?.aborted) throw signal.reason
  const stop = new AbortController()
  // Not `AbortSignal.any`, because the signal may be of another realm.
  const ignore = signal && onAbort(signal, () => stop.abort(signal.reason))
  const deadline = AbortSignal.any([AbortSignal.timeout(timeout), stop.signal])
  const seats = Object.entries(cast).flatMap(([role, count]) =>
    Array.from({ length: count }, (_, number) => new Seat(crew, role, number, deadline)),
  )
  try {
    const history: Result[][] = []
    for (let round = 0; round < rounds; round++) {
      await Promise.all(seats.map(seat => seat.ready()))
      before?.(round)
      const at = clock() + 2
      const results = await Promise.all(seats.map(seat => seat.play({ dir, round, at })))
      after?.(results, round)
      history.push(results)
    }
    return history
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  } finally {
    ignore?.()
    await Promise.all(seats.map(seat => seat.leave()))
  }
}

/** Rejects when the signal is aborted. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let ignore = () => {}
  const aborted = new Promise<never>((_, reject) => {
    ignore = onAbort(signal, () => reject(signal.reason))
  })
  return Promise.race([promise, aborted]).finally(ignore)
}

/** The place of one process, filled again when that process dies. */
class Seat {
  #contender: Contender | undefined
  /** It starts, or is in the middle of a play. */
  #isBusy = false
  readonly #crew: Crew
  readonly #role: string
  readonly #number: number
  readonly #deadline: AbortSignal

  constructor(crew: Crew, role: string, number: number, deadline: AbortSignal) {
    this.#crew = crew
    this.#role = role
    this.#number = number
    this.#deadline = deadline
  }

  async ready(): Promise<void> {
    if (this.#contender) return
    this.#contender = await this.#crew.take()
    this.#isBusy = true
    const roles = await this.#inTime(orAborted(this.#contender.roles, this.#deadline))
    if (!roles) throw new Error(`The process of ${this.#role} ${this.#number} ended before it was ready`)
    this.#isBusy = false
    if (!roles.includes(this.#role)) throw new Error(`No play for the role "${this.#role}"`)
  }

  async play(where: object): Promise<Result> {
    const { child } = this.#contender as Contender
    const who = { role: this.#role, number: this.#number }
    const began = clock()
    this.#isBusy = true
    // It may die before it gets the message. The error of `send` says no more than its exit does.
    child.send({ ...who, ...where }, () => {})
    const result = await this.#inTime(nextMessage<Omit<Result, 'role' | 'number'>>(child, this.#deadline))
    this.#isBusy = false
    if (result) return { ...who, ...result }
    this.#contender = undefined
    this.#crew.replace()
    return { ...who, how: 'died', began, ended: clock() }
  }

  async #inTime<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise
    } catch (error) {
      if (!this.#deadline.aborted) throw error
      throw new Error(`${this.#role} ${this.#number} did not finish in time`, { cause: error })
    }
  }

  /** Whatever a process still does in the middle of a play would disturb the next race. */
  async leave(): Promise<void> {
    if (!this.#contender) return
    if (this.#isBusy) await ended(this.#contender.child)
    else this.#crew.keep(this.#contender)
  }
}
