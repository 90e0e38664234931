// Runs several tasks at a time. Each task stops at the next call that it wants to make, the calls of all tasks are made
// together, as one wave, and each task goes on with its own outcome. So the threads of the pool have work, and an
// algorithm over thousands of files is still one generator of calls.

import { isShortage } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import { atOnce, type Call, fs, type Outcome, type Steps } from '../core/steps.js'
import { givesBack } from '../core/traits.js'
import { nothing, type Run, type RunningTask, resume, type Thrown } from './running-task.js'

export type Task = () => Steps<void>

/** How many calls a wave has; a function is asked before each wave. */
export type Width = number | (() => number)

/**
 * Runs all tasks of `todo`, the last one first; a running task may add more. A task starts only while the next wave has
 * fewer than `width` calls.
 *
 * If a task fails, no other task starts, those that are running come to their end, and then the first error is thrown.
 * If the call as a whole is interrupted, the interruption is thrown into every running task, once.
 *
 * `waits`: the promises of users' callbacks are waited for one after the other (`alone`), and what a server replies all at a
 * time (`together`). What other calls of this thread do is waited for while all others go on (`waitForCall`).
 */
export function* concurrently(todo: Task[], width: Width, waits: 'alone' | 'together' = 'alone'): Steps<void> {
  const run: Run = { waits, failure: undefined, interruption: undefined }
  let running: RunningTask[] = []
  for (;;) {
    yield* startTasks(todo, running, typeof width === 'number' ? width : width(), run)
    running = running.filter(({ next }) => next)
    if (running.length === 0) break
    const wave = running.filter(({ parked }) => !parked)
    if (wave.length > 0) yield* makeWave(wave, running, run)
    yield* resumeParked(running, wave.length === 0, run)
    running = running.filter(({ next }) => next)
  }
  if (run.failure) throw run.failure.error
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
    const task: RunningTask = { steps: (todo.pop() as Task)(), next: undefined, parked: undefined, interrupted: false }
    yield* resume(task, nothing, run)
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

/** A task that is about to give something back, or was interrupted before, still makes its call, in the next wave. */
function* interrupt(running: readonly RunningTask[], error: unknown, run: Run): Steps<void> {
  run.failure ??= { error }
  run.interruption = { error }
  for (const task of running) {
    if (task.interrupted || givesBack(task.next as Call)) continue
    task.interrupted = true
    yield* resume(task, run.interruption, run)
  }
}

/** A task may make several calls together, too. */
const callsOf = (call: Call): readonly Call[] => (call.op === 'together' ? (call.args[0] as Call[]) : [call])

/** Makes the next calls of several tasks together, and resumes each task with the outcomes of its own. */
function* makeWave(wave: readonly RunningTask[], running: readonly RunningTask[], run: Run): Steps<void> {
  const calls = wave.map(({ next }) => callsOf(next as Call))
  let outcomes: Outcome<unknown>[]
  try {
    outcomes = yield* atOnce(calls.flat())
  } catch (error) {
    // None of the calls was made.
    return yield* interrupt(running, error, run)
  }
  let at = 0
  const ended = wave.map((task, number) => {
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

/** Resumes the tasks whose promises have settled; if no task had another call to make, waits until one has. */
function* resumeParked(running: readonly RunningTask[], mayWait: boolean, run: Run): Steps<void> {
  const parked = running.filter(task => task.parked)
  let refusal: Thrown | undefined
  if (mayWait && parked.length > 0)
    try {
      yield* fs.settle(Promise.race(parked.map(task => task.parked?.over)))
    } catch (error) {
      if (isInterruption(error)) return yield* interrupt(running, error, run)
      // The sync form waits for no promise.
      refusal = { error }
    }
  for (const task of parked) {
    const outcome = refusal ?? task.parked?.outcome
    if (outcome) yield* resume(task, outcome, run)
  }
}

const isStarved = (outcome: Outcome<unknown>): boolean => 'error' in outcome && isShortage(outcome.error)
