// The search for one order: depth first, one operation that returned placed after the other; and in front of each as few
// as possible of those that never did.

import { isDeepStrictEqual } from 'node:util'
import type { Model, Operation } from './history.js'
import { type Call, lift, putBack, type Rim, ringOf } from './ring.js'

/** Some operations are placed, and have led to a state. */
interface Configuration<S, I, O> {
  readonly before: Configuration<S, I, O> | undefined
  readonly placed: Operation<I, O> | undefined
  readonly state: S
  readonly key: string
  /** The highest number of a call that is placed. */
  readonly highest: number
  /** Which of the pending ones have happened, a bit each. */
  readonly happened: bigint
}

/** An operation that never returned: the search need not place it. */
interface Pending<I, O> {
  readonly operation: Operation<I, O>
  readonly bit: bigint
  /** Of those with one input it does not matter which has happened: each waits for the one before. */
  readonly waitsFor: bigint
}

interface Search<S, I, O> {
  readonly model: Model<S, I, O>
  readonly rim: Rim<I, O>
  /** By their calls. */
  readonly pending: readonly Pending<I, O>[]
  /** By those that returned and are placed, and by state: with which pending ones that was visited. */
  readonly known: Map<string, bigint[]>
  readonly budget: number
  /** Of the model. More than the budget: another one was wanted, and not taken. */
  steps: number
}

type Found<I, O> = { readonly steps: number } & (
  | { readonly answer: 'yes'; readonly order: Operation<I, O>[] }
  | {
      readonly answer: 'no'
      readonly prefix: Operation<I, O>[]
      readonly state: string
      readonly left: Operation<I, O>[]
    }
  | { readonly answer: 'unknown' }
)

/** Not by recursion, because a history may be longer than the stack is deep. */
export function linearize<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  budget: number,
): Found<I, O> {
  const sorted = [...operations].sort((a, b) => a.call - b.call)
  const returned = sorted.filter(({ ended }) => ended < Number.POSITIVE_INFINITY)
  const pending = pendingOf(sorted.filter(({ ended }) => ended === Number.POSITIVE_INFINITY))
  const search: Search<S, I, O> = { model, rim: ringOf(returned), pending, known: new Map(), budget, steps: 0 }
  const { initial: state } = model
  const first = { before: undefined, placed: undefined, state, key: model.key(state), highest: -1, happened: 0n }

  const path: Call<I, O>[] = []
  const moves = [movesFrom<S, I, O>(first, search)]
  let furthest: { readonly at: Configuration<S, I, O>; readonly placed: number } = { at: first, placed: 0 }
  while (furthest.placed < returned.length) {
    const next = moves.at(-1)?.next().value
    const { steps } = search
    if (steps > budget) return { answer: 'unknown', steps: budget }
    if (next) {
      const [at, call] = next
      lift(call)
      path.push(call)
      moves.push(movesFrom(at, search))
      if (path.length > furthest.placed) furthest = { at, placed: path.length }
    } else {
      const call = path.pop()
      if (!call) {
        const prefix = orderOf(furthest.at)
        const placed = new Set(prefix)
        return { answer: 'no', prefix, state: furthest.at.key, left: sorted.filter(one => !placed.has(one)), steps }
      }
      putBack(call)
      moves.pop()
    }
  }
  return { answer: 'yes', order: orderOf(furthest.at), steps: search.steps }
}

/**
 * What one more operation that returned leads to: at once; or, if none of that goes on to a good end, after one that never
 * returned; after two ... While this waits, others lift calls out of the ring and put them back.
 */
function* movesFrom<S, I, O>(
  here: Configuration<S, I, O>,
  search: Search<S, I, O>,
): Generator<[Configuration<S, I, O>, Call<I, O>], undefined> {
  const { rim, model, pending } = search
  for (let layer = [here]; layer.length > 0; ) {
    // Nothing beyond the first return can be the next: it was called after that one had happened.
    let event = rim.later
    for (; event.kind === 'call'; event = event.later) {
      const { operation, number } = event
      const highest = Math.max(here.highest, number)
      const name = nameOf(rim, highest, event)
      const answered = { output: operation.output as O }
      for (const before of layer)
        for (const state of statesAfter(before, operation, answered, search)) {
          const { happened } = before
          const reached = { before, placed: operation, state, key: model.key(state), highest, happened }
          if (isNew(reached, name, search)) yield [reached, event]
        }
    }
    const firstReturn = event.kind === 'return' ? event.time : Number.POSITIVE_INFINITY
    const callable = pending.filter(({ operation }) => operation.call <= firstReturn)
    layer = layer.flatMap(before => [...pendingFrom(before, callable, search)])
  }
  return undefined
}

/** None any more, when the budget is spent: then all generators come to their end at once. */
function statesAfter<S, I, O>(
  { state }: Configuration<S, I, O>,
  { input }: Operation<I, O>,
  answered: { readonly output: O } | undefined,
  search: Search<S, I, O>,
): readonly S[] {
  return search.steps > search.budget || ++search.steps > search.budget ? [] : search.model.step(state, input, answered)
}

/** What one more operation that never returned leads to. */
function* pendingFrom<S, I, O>(
  before: Configuration<S, I, O>,
  callable: readonly Pending<I, O>[],
  search: Search<S, I, O>,
): Generator<Configuration<S, I, O>> {
  const name = nameOf(search.rim, before.highest)
  for (const { operation, bit, waitsFor } of callable) {
    if ((before.happened & bit) !== 0n || (before.happened & waitsFor) !== waitsFor) continue
    for (const state of statesAfter(before, operation, undefined, search)) {
      const happened = before.happened | bit
      const reached = { ...before, before, placed: operation, state, key: search.model.key(state), happened }
      if (isNew(reached, name, search)) yield reached
    }
  }
}

/**
 * Notes a configuration; false if one is known that has the same state and the same placed that returned, and no more of the
 * others, which can go wherever this one can.
 */
function isNew<S, I, O>({ key, happened }: Configuration<S, I, O>, name: string, search: Search<S, I, O>): boolean {
  const known = search.known.get(name + key)
  if (known?.some(less => (less & happened) === less)) return false
  if (known) known.push(happened)
  else search.known.set(name + key, [happened])
  return true
}

/**
 * Which ones that returned are placed: those up to the highest number, but for what is still in the ring (and is not
 * `but`). That was under way when the highest was called, so it is not much, however long the history is.
 */
function nameOf<I, O>(rim: Rim<I, O>, highest: number, but?: Call<I, O>): string {
  let name = `${highest}`
  for (let at = rim.later; at.kind === 'call' && at.number < highest; at = at.later)
    if (at !== but) name += `,${at.number}`
  return `${name}:`
}

function orderOf<S, I, O>(last: Configuration<S, I, O>): Operation<I, O>[] {
  const order: Operation<I, O>[] = []
  for (let at: typeof last | undefined = last; at?.placed; at = at.before) order.push(at.placed)
  return order.reverse()
}

function pendingOf<I, O>(operations: readonly Operation<I, O>[]): Pending<I, O>[] {
  return operations.map((operation, at) => {
    const twin = operations.slice(0, at).findLastIndex(({ input }) => isDeepStrictEqual(input, operation.input))
    return { operation, bit: 1n << BigInt(at), waitsFor: twin < 0 ? 0n : 1n << BigInt(twin) }
  })
}
