// One of several tasks that run at a time (./concurrently.ts).

import { isInterruption } from '../core/interruption.js'
import type { Call, Outcome, Steps } from '../core/steps.js'
import { givesBack, opsThat } from '../core/traits.js'
import { ignoreRejection } from '../core/wait.js'
import { isForCall, isForPromise, type Parked, park } from './parked.js'

export interface Thrown {
  readonly error: unknown
}

export interface Run {
  readonly waits: 'alone' | 'together'
  /** The first error that a task threw. */
  failure: Thrown | undefined
  /** The abort or the time-out that stopped the call as a whole. */
  interruption: Thrown | undefined
}

export interface RunningTask {
  readonly steps: Steps<void>
  /** The call that it makes in the next wave; undefined when it has ended. */
  next: Call | undefined
  /** The promise that it waits for, while others go on. */
  parked: Parked | undefined
  /** The interruption was thrown into it. It is thrown once only, so that the task can clean up. */
  interrupted: boolean
}

/** Calls that gain nothing from a wave, or would hold it up: each is made alone, as soon as its task comes to it. */
const madeAlone = opsThat('waits', 'inline')

export const nothing = { value: undefined }

/** Runs a task from the outcome of its last call to the next call that belongs in a wave, or to its end. */
export function* resume(task: RunningTask, outcome: Outcome<unknown>, run: Run): Steps<void> {
  task.next = undefined
  task.parked = undefined
  for (let last = outcome; ; ) {
    let step: IteratorResult<Call, void>
    try {
      step = 'error' in last ? task.steps.throw(last.error) : task.steps.next(last.value)
    } catch (error) {
      run.failure ??= { error }
      return
    }
    if (step.done) return
    const call = step.value
    if (call.op === 'postpone') {
      // What the driver has thrown once, it need not throw again: the task gets it from here. But the caller's own error,
      // with which the whole ends, the driver must know; then it stops all others.
      if (call.args[0] !== undefined) yield call
      task.interrupted = false
      last = nothing
    } else if (run.interruption && !task.interrupted && !givesBack(call)) {
      // The call is not made, so nothing waits for the promise, and its rejection must not end the process.
      if (call.op === 'settle') ignoreRejection(call.args[0])
      task.interrupted = true
      last = run.interruption
    } else if (run.waits === 'together' ? isForPromise(call) : isForCall(call)) {
      task.next = call
      task.parked = park(call)
      return
    } else if (madeAlone.has(call.op)) last = yield* makeAlone(call, task, run)
    else {
      task.next = call
      return
    }
  }
}

function* makeAlone(call: Call, task: RunningTask, run: Run): Steps<Outcome<unknown>> {
  for (;;) {
    try {
      return { value: yield call }
    } catch (error) {
      if (!isInterruption(error)) return { error }
      run.interruption = { error }
      // Each task gets it once only.
      if (task.interrupted) continue
      task.interrupted = true
      return { error }
    }
  }
}
