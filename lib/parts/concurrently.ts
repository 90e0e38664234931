// Several steps at a time. What they are about to call is made together, wave by wave, so that the threads of the pool
// have work, and an algorithm over thousands of files is still one generator of calls.

import { opsThat } from '../core/alphabet.js'
import { givesBack } from '../core/deadline.js'
import { isInterruption } from '../core/interruption.js'
import { atOnce, type Call, type Outcome, type Steps } from '../core/steps.js'

export type Task = () => Steps<void>

/** Each of these is made by itself. */
const alone = opsThat('waits', 'inline')

/**
 * Does all that is to be done, the last task first, as long as fewer than `width` calls are made together. Tasks may add
 * more.
 *
 * When one fails, no other begins, those under way come to their end, and then its error comes out. When the call as a
 * whole is interrupted, so is each of them.
 */
export function* concurrently(todo: Task[], width: number): Steps<void> {
  const group: Group = { failure: undefined, halt: undefined }
  let strands: Strand[] = []
  for (;;) {
    let calls = strands.reduce((sum, { next }) => sum + callsOf(next as Call).length, 0)
    while (calls < width && todo.length > 0 && !group.failure) {
      const strand: Strand = { steps: (todo.pop() as Task)(), next: undefined, halted: false }
      yield* goOn(strand, { value: undefined }, group)
      if (!strand.next) continue
      strands.push(strand)
      calls += callsOf(strand.next).length
    }
    if (strands.length === 0) break
    yield* wave(strands, group)
    strands = strands.filter(strand => strand.next)
  }
  if (group.failure) throw group.failure.error
}

interface Group {
  failure: { readonly error: unknown } | undefined
  /** The call as a whole was interrupted, by this. */
  halt: { readonly error: unknown } | undefined
}

/** One task under way. */
interface Strand {
  readonly steps: Steps<void>
  /** What it is about to call; undefined when it has ended. */
  next: Call | undefined
  /** It was told of the interruption: what it does now, it does in peace. */
  halted: boolean
}

function* wave(strands: readonly Strand[], group: Group): Steps<void> {
  const calls = strands.map(({ next }) => callsOf(next as Call))
  let outcomes: Outcome<unknown>[]
  try {
    outcomes = yield* atOnce(calls.flat())
  } catch (error) {
    // Nothing was called. Who gives back still does so; the others are told.
    group.failure ??= { error }
    group.halt = { error }
    for (const strand of strands) if (!givesBack(strand.next as Call)) yield* halt(strand, group)
    return
  }
  let at = 0
  for (const [number, strand] of strands.entries()) {
    const { length } = calls[number] as Call[]
    const own = outcomes.slice(at, at + length)
    at += length
    const answer = strand.next?.op === 'together' ? { value: own } : (own[0] as Outcome<unknown>)
    yield* goOn(strand, answer, group)
  }
}

const callsOf = (call: Call): readonly Call[] => (call.op === 'together' ? (call.args[0] as Call[]) : [call])

function* halt(strand: Strand, group: Group): Steps<void> {
  strand.halted = true
  yield* goOn(strand, group.halt as { error: unknown }, group)
}

/** Goes on to the next call that can be made with those of the others. */
function* goOn(strand: Strand, answer: Outcome<unknown>, group: Group): Steps<void> {
  let told = answer
  strand.next = undefined
  for (;;) {
    let next: IteratorResult<Call, void>
    try {
      next = 'error' in told ? strand.steps.throw(told.error) : strand.steps.next(told.value)
    } catch (error) {
      group.failure ??= { error }
      return
    }
    if (next.done) return
    if (group.halt && !strand.halted && !givesBack(next.value)) {
      strand.halted = true
      told = group.halt
    } else if (alone.has(next.value.op)) told = yield* outcomeOf(next.value, strand, group)
    else {
      strand.next = next.value
      return
    }
  }
}

function* outcomeOf(call: Call, strand: Strand, group: Group): Steps<Outcome<unknown>> {
  try {
    return { value: yield call }
  } catch (error) {
    if (isInterruption(error)) {
      group.halt = { error }
      strand.halted = true
    }
    return { error }
  }
}
