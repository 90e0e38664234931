// What one call of the promise form holds and takes: its seat (./seats.ts), and its descriptors.

import type { Outcome } from './alphabet.js'
import { DescriptorWaits, type Starving } from './descriptor-waits.js'
import { asFailure, type Done, isFailure, notMade, type Wake } from './done.js'
import type { Door, SingleCall } from './door.js'
import { isShortage } from './errors.js'
import { seats } from './seats.js'
import { takesDescriptor } from './traits.js'

/** What a call is made together with: nothing, calls that hold no descriptors, or calls that may. */
type Among = 'alone' | 'others' | 'holders'

export class HeldDescriptors {
  readonly #door: Door
  #seated = false
  /** Made when the first is opened, because most calls open none. */
  #open: Set<number> | undefined
  #underWay = 0
  readonly waits: DescriptorWaits
  /** Called before a call waits, so that others may end it. */
  readonly #onWait: () => void

  constructor(door: Door, retryForMs: number, onWait: () => void) {
    this.#door = door
    this.#onWait = onWait
    this.waits = new DescriptorWaits(retryForMs, onWait)
  }

  /**
   * Returns undefined if a call that takes a descriptor may be made, because there is a seat for the whole. If not, calls
   * `go` when there is one, and returns how to stop waiting for it: then `go` is called at once.
   */
  awaitSeat(go: () => void): Wake | undefined {
    this.#seated ||= seats.take(this.#door)
    if (this.#seated) return undefined
    this.#onWait()
    const leave = seats.queue(() => {
      this.#seated = true
      go()
    })
    return () => void (leave() && go())
  }

  /** Makes several calls at once. Most of the work on a tree of files goes this way, so it makes few functions. */
  performAll(calls: readonly SingleCall[], done: Done): void {
    const among = calls.some(({ op }) => op === 'open') ? 'holders' : 'others'
    const outcomes: Outcome<unknown>[] = new Array(calls.length)
    let left = calls.length
    if (left === 0) done(null, outcomes)
    calls.forEach((call, at) => {
      const ended: Done = (error, value) => {
        if (outcomes[at]) return
        outcomes[at] = isFailure(error) ? { error } : { value }
        if (--left === 0) done(null, outcomes)
      }
      try {
        if (takesDescriptor(call)) this.take(call, ended, among)
        else this.perform(call, ended)
      } catch (error) {
        ended(asFailure(error))
      }
    })
    if (left > 0) this.#onWait()
  }

  /** Makes a call that takes no descriptor. */
  perform(call: SingleCall, done: Done): Wake | undefined {
    if ((call.op === 'close' || call.op === 'keep') && this.#open?.delete(call.args[0] as number)) {
      seats.open--
      this.#giveBackSeat()
    }
    return this.#door.perform(call, done)
  }

  /**
   * Makes a call that takes a descriptor, alone or among others. If there is none, waits for one, unless the whole call
   * holds some, or the others may: what holds descriptors must not wait for others.
   */
  take(call: SingleCall, done: Done, among: Among = 'alone'): Wake | undefined {
    this.#underWay++
    return this.#take(call, done, among, { tries: 0, sinceMs: 0, served: 0 })
  }

  #take(call: SingleCall, done: Done, among: Among, starving: Starving): Wake | undefined {
    let over = false
    const ended: Done = (error, value) => {
      if (over) return
      over = true
      if (!isShortage(error)) seats.served++
      else if (this.#waitsForOne(call, done, error, among, starving)) return
      this.#underWay--
      if (call.op === 'open' && !isFailure(error)) this.#note(value as number)
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
  #waitsForOne(call: SingleCall, done: Done, error: unknown, among: Among, starving: Starving): boolean {
    seats.shrink()
    if (among === 'holders' || this.#isHolding) return false
    const stopped = () => {
      this.#underWay--
      done(among === 'alone' ? notMade : error)
    }
    return this.waits.begin(starving, error, () => this.#take(call, done, among, starving), stopped)
  }

  /** The steps have ended. A descriptor that they leave open is the caller's. */
  leave(): void {
    seats.open -= this.#open?.size ?? 0
    this.#open = undefined
    this.#underWay = 0
    this.#giveBackSeat()
  }

  get #isHolding(): boolean {
    return this.#open !== undefined && this.#open.size > 0
  }

  #note(fd: number): void {
    this.#open ??= new Set()
    this.#open.add(fd)
    seats.open++
  }

  #giveBackSeat(): void {
    if (!this.#seated || this.#isHolding || this.#underWay > 0) return
    this.#seated = false
    seats.giveBack(this.#door)
  }
}
