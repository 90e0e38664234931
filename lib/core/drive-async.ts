// The driver of the promise form: waits for each call on the event loop. Whatever goes wrong in making a call comes back
// into the algorithm, so that no `finally` of it is skipped. State that outlives a call belongs here, never in the steps.

import { AsyncResource } from 'node:async_hooks'
import { cleanUpMs, mostMs } from './deadline.js'
import { asFailure, type Done, isFailure, notMade, type Wake } from './done.js'
import type { Door, SingleCall } from './door.js'
import { HeldDescriptors } from './held-descriptors.js'
import { interruptCall } from './interrupted.js'
import { runInOneGo } from './one-go.js'
import type { Running } from './running.js'
import type { Call, Outcome } from './steps.js'
import { clearTimeout, setTimeout } from './timers.js'
import { givesBack, isWait, takesDescriptor } from './traits.js'
import { ignoreRejection } from './wait.js'

export class Drive<T> {
  readonly #running: Running<T>
  readonly #door: Door
  readonly #descriptors: HeldDescriptors
  #before: Promise<unknown> | undefined
  /** What the algorithm is resumed with next. Undefined while a call is under way. */
  #outcome: Outcome<unknown> | undefined = { value: undefined }
  #isLooping = false
  /** How many calls have ended. */
  #turn = 0
  /** How to end early what it waits for. */
  #wake: Wake | undefined
  /** The asynchronous context that the steps go on in. Until one of their calls waits, they never leave it. */
  #context: AsyncResource | undefined
  #leaveTimer: NodeJS.Timeout | undefined
  #hasEnded = false
  #isLeft = false

  constructor(running: Running<T>) {
    this.#running = running
    this.#door = running.door
    this.#before = running.before
    this.#descriptors = new HeldDescriptors(this.#door, running.retryFor ?? 10_000, this.#keepContext)
  }

  start(): void {
    this.#loop()
    if (!this.#hasEnded) this.#running.deadline?.arm(() => this.#stop())
  }

  /** What ends the wait of a call may be another call, with another `AsyncLocalStorage`. */
  readonly #keepContext = (): unknown => (this.#context ??= new AsyncResource('HOLDFAST'))

  /** A call that ends inline is followed by the next in this loop, so that it does not deepen the stack. */
  readonly #loop = (): void => {
    const { steps, deadline } = this.#running
    this.#isLooping = true
    try {
      while (this.#outcome) {
        const outcome = this.#outcome
        this.#outcome = undefined
        const failed = 'error' in outcome
        const next = failed ? steps.throw(outcome.error) : steps.next(outcome.value)
        if (next.done) {
          this.#end({ value: next.value })
          return
        }
        if (failed) deadline?.noteError(outcome.error)
        this.#make(next.value)
      }
    } catch (error) {
      this.#end({ error })
    }
    this.#isLooping = false
  }

  /** How a call ends: only the first of several ends counts. */
  #endOf(call: Call): Done {
    let over = false
    return (error, value) => {
      if (over) return
      over = true
      this.#turn++
      this.#wake = undefined
      const failure = error === notMade ? this.#interruption(call) : error
      this.#outcome = isFailure(failure) ? { error: failure } : { value }
      if (this.#isLooping) return
      if (this.#context) this.#context.runInAsyncScope(this.#loop)
      else this.#loop()
    }
  }

  /** The error of a call that was not made, because the call as a whole was stopped meanwhile. */
  #interruption(call: Call): unknown {
    const { deadline } = this.#running
    const { shortage } = this.#descriptors.waits
    if (shortage) deadline?.noteError(shortage)
    return deadline?.interruption(call) ?? shortage ?? notMade
  }

  #make(call: Call): void {
    const done = this.#endOf(call)
    const before = this.#before
    this.#before = undefined
    try {
      // Until the call is made, nothing waits for the promise, and its rejection must not end the process.
      if (call.op === 'settle') ignoreRejection(call.args[0])
      if (!before) this.#makeNow(call, done)
      else
        this.#await({ op: 'settle', args: [before] }, error =>
          isFailure(error) ? done(error) : this.#makeNow(call, done),
        )
    } catch (error) {
      done(asFailure(error))
    }
  }

  #makeNow(call: Call, done: Done): void {
    try {
      const interruption = this.#running.deadline?.interruption(call)
      const takes = !interruption && takesDescriptor(call)
      const leave = takes && this.#descriptors.awaitSeat(() => this.#makeNow(call, done))
      if (interruption) interruptCall(call, interruption, done)
      else if (leave) this.#wake = leave
      else if (call.op === 'retryFor') done(null, mostMs(call, this.#running))
      else if (call.op === 'inOneGo') runInOneGo(call, this.#running, rest => new Drive(rest).start(), done)
      else if (call.op === 'together') this.#descriptors.performAll(call.args[0] as SingleCall[], done)
      else if (isWait(call)) this.#await(call as SingleCall, done)
      else {
        const turn = this.#turn
        const wake = takes
          ? this.#descriptors.take(call as SingleCall, done)
          : this.#descriptors.perform(call as SingleCall, done)
        if (!wake || turn !== this.#turn) return
        this.#keepContext()
        // What gives something back is made in any case.
        if (!givesBack(call)) this.#wake = wake
      }
    } catch (error) {
      done(asFailure(error))
    }
  }

  /** Performs a call that waits. If it is woken early, the interruption comes; a failure of a callback was before that. */
  #await(call: SingleCall, done: Done): void {
    const turn = this.#turn
    let ended = false
    const wake = this.#door.perform(call, (error, value) => {
      ended = true
      done(isFailure(error) ? error : this.#running.deadline?.interruption(call), value)
    })
    if (ended || turn !== this.#turn) return
    this.#keepContext()
    this.#wake = wake
  }

  /** The deadline has come. */
  #stop(): void {
    // First, because the steps that are woken may make calls that block the event loop.
    if (!this.#running.patient) this.#leaveTimer = setTimeout(() => this.#leave(), cleanUpMs)
    if (!this.#running.deadline?.hasInterrupted) this.#wake?.()
    this.#descriptors.waits.stop()
  }

  /** The caller goes on. The steps come to their end in the background. */
  #leave(): void {
    const { deadline, reject, steps } = this.#running
    this.#isLeft = true
    reject(deadline?.errorOf(steps))
  }

  #end(outcome: Outcome<T>): void {
    const { deadline, steps, resolve, reject, ended } = this.#running
    this.#hasEnded = true
    if (this.#isLeft) deadline?.noteEnd(steps)
    clearTimeout(this.#leaveTimer)
    deadline?.disarm()
    this.#descriptors.leave()
    if ('error' in outcome) reject(outcome.error)
    else resolve(outcome.value)
    ended?.(outcome, this.#isLeft)
  }
}
