// What one call of the promise form holds and takes: its seat (./seats.ts), and its descriptors.

import type { Call } from './alphabet.js'
import type { Door, SingleCall } from './door.js'
import { isShortage, markFinal } from './errors.js'
import { Seats, takesDescriptor } from './seats.js'
import { catching, type Done, isFailure, once, type Wake } from './wait.js'

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

  /**
   * Makes a call. If there is no descriptor for it, waits for one, unless `holding` says that other calls under way
   * may hold some, or the whole call does: what holds descriptors must not wait for others.
   */
  perform(call: SingleCall, holding: boolean, done: Done): Wake | undefined {
    if (call.op === 'close' && this.#open > 0) this.#count(-1)
    const ended: Done = (error, value) => {
      if (takesDescriptor(call)) this.#underWay--
      if (call.op === 'open' && !isFailure(error)) this.#count(1)
      this.#giveBackSeat()
      done(error, value)
    }
    if (!takesDescriptor(call)) return this.#door.perform(call, ended)
    this.#underWay++
    return this.#take(call, holding, ended)
  }

  #take(call: SingleCall, holding: boolean, ended: Done, tries = 1, sinceMs = performance.now()): Wake | undefined {
    const attempted: Done = once((error, value) => {
      if (!isShortage(error)) return ended(error, value)
      seats.shrink()
      if (holding || this.#open > 0) return ended(error)
      const nowMs = performance.now()
      const beganMs = seats.areShared ? nowMs : sinceMs
      if (nowMs - beganMs >= this.#retryForMs) return ended(markFinal(error))
      const wake = seats.starve(
        () => {
          this.#waits.delete(wake)
          if (this.#stopping) ended(error)
          else this.#take(call, holding, ended, tries + 1, beganMs)
        },
        Math.min(2 ** (tries - 1), longestPauseMs),
      )
      this.#waits.add(wake)
    })
    return catching(() => this.#door.perform(call, attempted), attempted)
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
