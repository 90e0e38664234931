// What one call of the promise form holds and takes: its seat (./seats.ts), and its descriptors.

import type { Call, Outcome } from './alphabet.js'
import type { Door, SingleCall } from './door.js'
import { isShortage, markFinal } from './errors.js'
import { Seats, takesDescriptor } from './seats.js'
import { asFailure, type Done, isFailure, type Wake } from './wait.js'

const seats = new Seats()

const longestPauseMs = 100

export class HeldDescriptors {
  readonly #door: Door
  /** Milliseconds for which a call goes on trying while no other call of this thread has descriptors to give back. */
  readonly #retryForMs: number
  #seated = false
  #open = 0
  #underWay = 0
  /** How to end each wait for a descriptor early. */
  readonly #waits = new Set<Wake>()
  #stopping = false

  constructor(door: Door, retryForMs: number) {
    this.#door = door
    this.#retryForMs = retryForMs
  }

  /**
   * Returns undefined if the call may be made: it takes no descriptor, or there is a seat for the whole. If not, calls
   * `go` when there is one, and returns how to stop waiting for it: then `go` is called at once.
   */
  awaitSeat(call: Call, go: () => void): Wake | undefined {
    const needed = call.op === 'together' ? (call.args[0] as Call[]).some(takesDescriptor) : takesDescriptor(call)
    if (!needed || this.#seated) return undefined
    this.#seated = seats.take(this.#door)
    if (this.#seated) return undefined
    const leave = seats.queue(() => {
      this.#seated = true
      go()
    })
    return () => void (leave() && go())
  }

  /** Makes several calls at once. Most of the work on a tree of files goes this way, so it makes few functions. */
  performAll(calls: readonly SingleCall[], done: Done): void {
    const holding = calls.some(({ op }) => op === 'open')
    const outcomes: Outcome<unknown>[] = new Array(calls.length)
    let left = calls.length
    if (left === 0) done(null, outcomes)
    for (const [at, call] of calls.entries()) {
      const ended: Done = (error, value) => {
        if (outcomes[at]) return
        outcomes[at] = isFailure(error) ? { error } : { value }
        if (--left === 0) done(null, outcomes)
      }
      try {
        this.perform(call, ended, holding)
      } catch (error) {
        ended(asFailure(error))
      }
    }
  }

  /**
   * Makes a call. If there is no descriptor for it, waits for one, unless the whole call holds some, or others that are
   * made at once may (`holding`): what holds descriptors must not wait for others.
   */
  perform(call: SingleCall, done: Done, holding = false): Wake | undefined {
    if (takesDescriptor(call)) {
      this.#underWay++
      return this.#take(call, holding, done, 1, 0)
    }
    if (call.op === 'close' && this.#open > 0) {
      this.#count(-1)
      this.#giveBackSeat()
    }
    return this.#door.perform(call, done)
  }

  #take(call: SingleCall, holding: boolean, done: Done, tries: number, sinceMs: number): Wake | undefined {
    let over = false
    const ended: Done = (error, value) => {
      if (over) return
      over = true
      if (isShortage(error) && this.#waitsForOne(call, holding, done, error, tries, sinceMs)) return
      this.#underWay--
      if (call.op === 'open' && !isFailure(error)) this.#count(1)
      this.#giveBackSeat()
      done(error, value)
    }
    try {
      return this.#door.perform(call, ended)
    } catch (error) {
      ended(asFailure(error))
      return undefined
    }
  }

  /** After a call that has found no descriptor: makes it again later, if it may wait. */
  #waitsForOne(
    call: SingleCall,
    holding: boolean,
    done: Done,
    error: unknown,
    tries: number,
    sinceMs: number,
  ): boolean {
    seats.shrink()
    if (holding || this.#open > 0) return false
    const nowMs = performance.now()
    const beganMs = tries === 1 || seats.areShared ? nowMs : sinceMs
    if (nowMs - beganMs >= this.#retryForMs && tries > 1) {
      markFinal(error)
      return false
    }
    const wake = seats.starve(
      () => {
        this.#waits.delete(wake)
        if (!this.#stopping) this.#take(call, holding, done, tries + 1, beganMs)
        else {
          this.#underWay--
          done(error)
        }
      },
      Math.min(2 ** (tries - 1), longestPauseMs),
    )
    this.#waits.add(wake)
    return true
  }

  /** Ends every wait for a descriptor: each of those calls fails as it did before the wait. */
  stopWaiting(): void {
    this.#stopping = true
    for (const wake of [...this.#waits]) wake()
    this.#stopping = false
  }

  /** The steps have ended. A descriptor that they leave open is the caller's. */
  leave(): void {
    this.#count(-this.#open)
    this.#underWay = 0
    this.#giveBackSeat()
  }

  #count(more: number): void {
    this.#open += more
    seats.open += more
  }

  #giveBackSeat(): void {
    if (!this.#seated || this.#open > 0 || this.#underWay > 0) return
    this.#seated = false
    seats.giveBack(this.#door)
  }
}
