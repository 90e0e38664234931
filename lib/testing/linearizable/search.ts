// The search for one order: depth first, it places one returned operation after the other, and before each as few as
// possible of those that never returned.

import { isDeepStrictEqual } from 'node:util'
import { type Configuration, nameOfPlaced, orderOf, Visited } from './configuration.js'
import type { Model, Operation, Verdict } from './history.js'
import { type Call, lift, putBack, type Rim, ringOf } from './ring.js'

/** An operation that never returned: the search need not place it. */
interface Pending<I, O> {
  readonly operation: Operation<I, O>
  readonly bit: bigint
  /** The pending operation before it with the same input: of such twins it does not matter which one has happened. */
  readonly twin: bigint
}

interface Search<S, I, O> {
  readonly model: Model<S, I, O>
  readonly rim: Rim<I, O>
  /** By the time of their calls. */
  readonly pending: readonly Pending<I, O>[]
  readonly visited: Visited
  readonly budget: number
  /** Steps of the model. More than the budget: one more was wanted, and not taken. */
  steps: number
}

/** Judges one partition, `part`. Not by recursion, because a history may be longer than the stack is deep. */
export function linearize<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  part: string | undefined,
  budget: number,
): Verdict<I, O> {
  const sorted = [...operations].sort((a, b) => a.call - b.call)
  const returned = sorted.filter(({ ended }) => ended < Number.POSITIVE_INFINITY)
  const pending = pendingOf(sorted.filter(({ ended }) => ended === Number.POSITIVE_INFINITY))
  const search = { model, rim: ringOf(returned), pending, visited: new Visited(), budget, steps: 0 }
  const { initial: state } = model
  const first = { before: undefined, placed: undefined, state, key: model.key(state), highest: -1, happened: 0n }

  const path: Call<I, O>[] = []
  const moves = [movesFrom<S, I, O>(first, search)]
  let furthest: { readonly at: Configuration<S, I, O>; readonly placed: number } = { at: first, placed: 0 }
  while (furthest.placed < returned.length) {
    const next = moves.at(-1)?.next().value
    const { steps } = search
    if (steps > budget) return { answer: 'unknown', part, steps: budget }
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
        const left = sorted.filter(one => !placed.has(one))
        return { answer: 'no', part, prefix, state: furthest.at.key, left, steps }
      }
      putBack(call)
      moves.pop()
    }
  }
  return { answer: 'yes', order: orderOf(furthest.at), steps: search.steps }
}

/**
 * Every configuration with one more returned operation: placed at once; then, if none of those leads to a whole order,
 * after one pending operation; then after two, and so on. While this generator waits, the search lifts calls out of the
 * ring and puts them back.
 */
function* movesFrom<S, I, O>(
  here: Configuration<S, I, O>,
  search: Search<S, I, O>,
): Generator<[Configuration<S, I, O>, Call<I, O>], undefined> {
  const { rim, model, pending } = search
  for (let layer = [here]; layer.length > 0; ) {
    // Nothing beyond the first return can be the next: it was called after that operation had happened.
    let event = rim.later
    for (; event.kind === 'call'; event = event.later) {
      const { operation, number } = event
      const highest = Math.max(here.highest, number)
      const name = nameOfPlaced(rim, highest, event)
      const returned = { output: operation.output as O }
      for (const before of layer)
        for (const state of statesAfter(before, operation, returned, search)) {
          const { happened } = before
          const reached = { before, placed: operation, state, key: model.key(state), highest, happened }
          if (search.visited.add(reached, name)) yield [reached, event]
        }
    }
    const firstReturn = event.kind === 'return' ? event.time : Number.POSITIVE_INFINITY
    const callable = pending.filter(({ operation }) => operation.call <= firstReturn)
    layer = layer.flatMap(before => [...pendingFrom(before, callable, search)])
  }
  return undefined
}

/** When the budget is spent, there are none any more: then all generators come to their end at once. */
function statesAfter<S, I, O>(
  { state }: Configuration<S, I, O>,
  { input }: Operation<I, O>,
  returned: { readonly output: O } | undefined,
  search: Search<S, I, O>,
): readonly S[] {
  return search.steps > search.budget || ++search.steps > search.budget ? [] : search.model.step(state, input, returned)
}

/** Every configuration with one more pending operation. */
function* pendingFrom<S, I, O>(
  before: Configuration<S, I, O>,
  callable: readonly Pending<I, O>[],
  search: Search<S, I, O>,
): Generator<Configuration<S, I, O>> {
  const name = nameOfPlaced(search.rim, before.highest)
  for (const { operation, bit, twin } of callable) {
    if ((before.happened & bit) !== 0n || (before.happened & twin) !== twin) continue
    for (const state of statesAfter(before, operation, undefined, search)) {
      const happened = before.happened | bit
      const reached = { ...before, before, placed: operation, state, key: search.model.key(state), happened }
      if (search.visited.add(reached, name)) yield reached
    }
  }
}

function pendingOf<I, O>(operations: readonly Operation<I, O>[]): Pending<I, O>[] {
  return operations.map((operation, at) => {
    const twin = operations.slice(0, at).findLastIndex(({ input }) => isDeepStrictEqual(input, operation.input))
    return { operation, bit: 1n << BigInt(at), twin: twin < 0 ? 0n : 1n << BigInt(twin) }
  })
}
