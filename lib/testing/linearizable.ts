// Is there one order in which the operations of several processes may have taken effect, each at one moment between its
// call and its return, so that a sequential model of the thing returns what each of them returned?

import { asNumber, refusal } from '../core/input.js'
import type { LinearizableOptions, Model, Operation, Verdict } from './linearizable/history.js'
import { NotLinearizable } from './linearizable/not-linearizable.js'
import { linearize } from './linearizable/search.js'

/**
 * Checks a history of concurrent operations against a sequential model.
 *
 * Holds afterwards: `yes` comes with an order that respects real time (an operation that returned before another was
 * called comes before it) and in which the model returns what each operation returned. With `no` there is no such order.
 * `unknown` means neither, and must not pass for `yes`: a test calls `assertLinearizable`.
 *
 * Not promised: a verdict within the budget, because the problem is NP-complete. The search grows with the number of
 * operations under way at once, not with the length of the history, and an operation that never returned is under way
 * for ever. Anything about times from clocks that disagree. An order of events at the same time: a return and a call at
 * one moment count as overlapping.
 *
 * @param model What one object does: its first state, and which states may follow an operation.
 * @param history The operations, in any order.
 * @returns The verdict, and its evidence. One partition with `no` is enough for `no`, whatever is unknown of the others.
 * @throws What the model throws. Bad input: `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` (not a number, or a return before
 *   its call).
 *
 * @example
 * const counter: Model<number, 'add' | 'get', number> = {
 *   initial: 0,
 *   step: (state, input, returned) => {
 *     const next = input === 'add' ? state + 1 : state
 *     return !returned || returned.output === next ? [next] : []
 *   },
 *   key: String,
 * }
 * const a = { process: 'A', input: 'add', output: 1, call: 0, ended: 2 } as const
 * const b = { process: 'B', input: 'get', output: 0, call: 3, ended: 4 } as const
 * linearizable(counter, [a, b]).answer // 'no': B came later, and did not see what A had done
 *
 * Source of the protocol: the search of Wing & Gong ("Testing and verifying concurrent objects", 1993), which visits no
 * configuration twice, as in Lowe ("Testing for linearizability", 2017), partition by partition as in Horn & Kroening
 * ("Faster linearizability checking via P-compositionality", 2015).
 */
export function linearizable<S, I, O>(
  model: Model<S, I, O>,
  history: readonly Operation<I, O>[],
  options: LinearizableOptions = {},
): Verdict<I, O> {
  check(model, history)
  const budget = asNumber(options.budget, 'options.budget', 5_000_000)
  const orders: (readonly Operation<I, O>[])[] = []
  let unknown: { readonly part: string | undefined } | undefined
  let steps = 0
  for (const [part, operations] of partsOf(model, history)) {
    const verdict = linearize(model, operations, part, budget)
    steps += verdict.steps
    if (verdict.answer === 'no') return { ...verdict, steps }
    if (verdict.answer === 'yes') orders.push(verdict.order)
    else unknown ??= { part }
  }
  return unknown ? { answer: 'unknown', ...unknown, steps } : { answer: 'yes', order: merged(orders), steps }
}

/**
 * Throws unless a history is linearizable.
 *
 * Holds afterwards: the history is linearizable; that is, `linearizable` returned `yes`.
 *
 * Not promised: what `linearizable` does not promise.
 *
 * @param model As for `linearizable`.
 * @param history The operations, in any order.
 * @returns An order in which the operations may have taken effect.
 * @throws NotLinearizable if there is none (`ERR_NOT_LINEARIZABLE`: how far one gets, and what could not be placed), and
 *   also if the budget was spent before that was known (`ERR_BUDGET_SPENT`). Otherwise as `linearizable`.
 *
 * @example
 * const history = rounds.flat().map(({ role, number, how, value, began, ended }) => ({
 *   process: `${role} ${number}`,
 *   input: role,
 *   output: value,
 *   call: began,
 *   ended: how === 'returned' ? ended : Infinity,
 * }))
 * assertLinearizable(counter, history)
 */
export function assertLinearizable<S, I, O>(
  model: Model<S, I, O>,
  history: readonly Operation<I, O>[],
  options: LinearizableOptions = {},
): readonly Operation<I, O>[] {
  const verdict = linearizable(model, history, options)
  if (verdict.answer !== 'yes') throw new NotLinearizable(verdict)
  return verdict.order
}

function check<S, I, O>(model: Model<S, I, O>, history: readonly Operation<I, O>[]): void {
  for (const name of ['step', 'key'] as const)
    if (typeof model?.[name] !== 'function')
      throw refusal('ERR_INVALID_ARG_TYPE', `model.${name}`, 'of type function', model?.[name])
  if (!Array.isArray(history)) throw refusal('ERR_INVALID_ARG_TYPE', 'history', 'an array', history)
  for (const [at, { call, ended }] of history.entries()) {
    for (const [name, time] of Object.entries({ call, ended }))
      if (typeof time !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', `history[${at}].${name}`, 'a number', time)
    if (!Number.isFinite(call)) throw refusal('ERR_OUT_OF_RANGE', `history[${at}].call`, 'finite', call)
    if (!(ended >= call)) throw refusal('ERR_OUT_OF_RANGE', `history[${at}].ended`, `no less than ${call}`, ended)
  }
}

function partsOf<S, I, O>(
  model: Model<S, I, O>,
  history: readonly Operation<I, O>[],
): Map<string | undefined, Operation<I, O>[]> {
  const parts = new Map<string | undefined, Operation<I, O>[]>()
  for (const operation of history) {
    const part = model.partition?.(operation.input)
    const known = parts.get(part)
    if (known) known.push(operation)
    else parts.set(part, [operation])
  }
  return parts
}

/**
 * Merges the orders of all partitions. Within its own order an operation may have taken effect as soon as it and all
 * before it were called, which is never after its return; and moments on one clock can be sorted.
 */
function merged<I, O>(orders: readonly (readonly Operation<I, O>[])[]): Operation<I, O>[] {
  const placed = orders.flatMap(order => {
    let moment = Number.NEGATIVE_INFINITY
    return order.map(operation => {
      moment = Math.max(moment, operation.call)
      return { operation, moment }
    })
  })
  return placed.sort((a, b) => a.moment - b.moment).map(({ operation }) => operation)
}
