// Runs several tasks at a time. Each task stops at the next call that it wants to make, the calls of all tasks are made
// together, as one wave, and each task goes on with its own outcome. So the threads of the pool have work, and an
// algorithm over thousands of files is still one generator of calls.

import { isShortage } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import { atOnce, type Call, fs, type Outcome, type Steps } from '../core/steps.js'
import { givesBack, opsThat } from '../core/traits.js'
import { ignoreRejection } from '../core/wait.js'

export type Task = () => Steps<void>

/** How many calls a wave has; a function is asked before each wave. */
export type Width = number | (() => number)

/**
 * Runs all tasks of `todo`, the last one first; a running task may add more. A task starts only while the next wave has
 * fewer than `width` calls.
 *
 * If a task fails, no other task starts, those that are running come to their end, and then the first error is thrown.
 * If the call as a whole is interrupted, the interruption is thrown into every running task, once.
 */
export function* concurrently(todo: Task[], width: Width): Steps<void> {
  const run: Run = { failure: undefined, interruption: undefined }
  let running: RunningTask[] = []
  for (;;) {
    yield* startTasks(todo, running, typeof width === 'number' ? width : width(), run)
    running = running.filter(({ next }) => next)
    if (running.length === 0) break
    yield* makeWave(running, run)
    running = running.filter(({ next }) => next)
  }
  if (run.failure) throw run.failure.error
}

interface Thrown {
  readonly error: unknown
}

interface Run {
  /** The first error that a task threw. */
  failure: Thrown | undefined
  /** The abort or the time-out that stopped the call as a whole. */
  interruption: Thrown | undefined
}

interface RunningTask {
  readonly steps: Steps<void>
  /** The call that it makes in the next wave; undefined when it has ended. */
  next: Call | undefined
  /** The interruption was thrown into it. It is thrown once only, so that the task can clean up. */
  interrupted: boolean
}

/** Starts tasks until the next wave has `width` calls, or as many as there are descriptors for. */
function* startTasks(todo: Task[], running: RunningTask[], width: number, run: Run): Steps<void> {
  if (todo.length === 0 || run.failure) return
  const most = yield* affordable(width, running, run)
  if (run.interruption) return
  let calls = running.reduce((sum, { next }) => sum + callsOf(next as Call).length, 0)
  // Many start at once, and so go on in step: a wave of calls that are made inline then waits for no thread.
  if (calls > most / 2) return
  while (calls < most && todo.length > 0 && !run.failure) {
    const task: RunningTask = { steps: (todo.pop() as Task)(), next: undefined, interrupted: false }
    yield* resume(task, { value: undefined }, run)
    if (!task.next) continue
    running.push(task)
    calls += callsOf(task.next).length
  }
}

/** A task has at most two files open at a time, a source and a target, and others need some, too. */
const descriptorsPerTask = 2

/** How many calls may go on at a time. Here the whole can be stopped, also when its tasks do nothing but delete. */
function* affordable(width: number, running: readonly RunningTask[], run: Run): Steps<number> {
  try {
    const tasks = Math.floor((yield* fs.descriptors()) / descriptorsPerTask)
    return Math.min(width, Math.max(1, running.length + tasks))
  } catch (error) {
    yield* interrupt(running, error, run)
    return 0
  }
}

/** A task that is about to give something back still makes its call, in the next wave. */
function* interrupt(running: readonly RunningTask[], error: unknown, run: Run): Steps<void> {
  run.failure ??= { error }
  run.interruption = { error }
  for (const task of running) {
    if (givesBack(task.next as Call)) continue
    task.interrupted = true
    yield* resume(task, run.interruption, run)
  }
}

/** A task may make several calls together, too. */
const callsOf = (call: Call): readonly Call[] => (call.op === 'together' ? (call.args[0] as Call[]) : [call])

/** Makes the next calls of all running tasks together, and resumes each task with the outcomes of its own. */
function* makeWave(running: readonly RunningTask[], run: Run): Steps<void> {
  const calls = running.map(({ next }) => callsOf(next as Call))
  let outcomes: Outcome<unknown>[]
  try {
    outcomes = yield* atOnce(calls.flat())
  } catch (error) {
    // None of the calls was made.
    return yield* interrupt(running, error, run)
  }
  let at = 0
  const ended = running.map((task, number) => {
    const { length } = calls[number] as readonly Call[]
    const own = outcomes.slice(at, at + length)
    at += length
    const outcome = task.next?.op === 'together' ? { value: own } : (own[0] as Outcome<unknown>)
    return { task, outcome, starved: isStarved(outcome) }
  })
  // A task that found no descriptor makes its call again in the next wave, while others go on, and give some back. If
  // there is no other, one task gets the error, and gives back what it holds.
  const last = ended.every(({ starved }) => starved) ? ended.at(-1) : undefined
  for (const one of ended) if (!one.starved || one === last) yield* resume(one.task, one.outcome, run)
}

const isStarved = (outcome: Outcome<unknown>): boolean => 'error' in outcome && isShortage(outcome.error)

/** Calls that gain nothing from a wave, or would hold it up: each is made alone, as soon as its task comes to it. */
const madeAlone = opsThat('waits', 'inline')

const nothing = { value: undefined }

/** Runs a task from the outcome of its last call to the next call that belongs in a wave, or to its end. */
function* resume(task: RunningTask, outcome: Outcome<unknown>, run: Run): Steps<void> {
  task.next = undefined
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
      // What the driver has thrown once, it need not throw again: the task gets it from here.
      task.interrupted = false
      last = nothing
    } else if (run.interruption && !task.interrupted && !givesBack(call)) {
      // The call is not made, so nothing waits for the promise, and its rejection must not end the process.
      if (call.op === 'settle') ignoreRejection(call.args[0])
      task.interrupted = true
      last = run.interruption
    } else if (madeAlone.has(call.op)) last = yield* makeAlone(call, task, run)
    else {
      task.next = call
      return
    }
  }
}

function* makeAlone(call: Call, task: RunningTask, run: Run): Steps<Outcome<unknown>> {
  try {
    return { value: yield call }
  } catch (error) {
    if (isInterruption(error)) {
      run.interruption = { error }
      task.interrupted = true
    }
    return { error }
  }
}
