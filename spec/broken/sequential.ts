// For the tests of the linearizability checker: sequential models, random histories, and a second checker that tries
// every order, which is slow, and too simple to be wrong.

import type { Model, Operation } from 'holdfast/testing'

export type Op = Operation<string, unknown>
export type Sequential<S> = Model<S, string, unknown>

type Answered = { readonly output: unknown } | undefined
const when = <S>(possible: boolean, state: S): S[] => (possible ? [state] : [])
const said = (answered: Answered, output: unknown): boolean => !answered || answered.output === output

/** `read`, `write 1`, `swap 1 2` (compare and swap: true if it did), `lose 1` (a write that may have failed). */
export const cell: Sequential<string> = {
  initial: '0',
  step(state, input, answered) {
    const [op, one = '', two = ''] = input.split(' ')
    if (op === 'write') return [one]
    if (op === 'lose') return [state, one]
    if (op === 'swap') return when(said(answered, state === one), state === one ? two : state)
    return when(said(answered, state), state)
  },
  key: state => state,
}

/** `add` returns the new count, `get` the current one. */
export const counter: Sequential<number> = {
  initial: 0,
  step(state, input, answered) {
    const next = input === 'add' ? state + 1 : state
    return when(said(answered, next), next)
  },
  key: String,
}

interface Lock {
  readonly fence: number
  readonly held: boolean
}

/**
 * `acquire` returns a fencing token greater than any before, or false; `wait` returns the token, when the lock is free;
 * `release 3` returns true if 3 holds the lock.
 */
export const mutex: Sequential<Lock> = {
  initial: { fence: 0, held: false },
  step({ fence, held }, input, answered) {
    const output = answered?.output
    if (input === 'acquire' && held) return when(said(answered, false), { fence, held })
    if (input === 'acquire' || input === 'wait') {
      // A call that never returned took the lock with an unknown token: the smallest leaves all others possible.
      const taken = answered ? Number(output) : fence + 1
      return when(!held && output !== false && taken > fence, { fence: taken, held: true })
    }
    const mine = held && input === `release ${fence}`
    return when(said(answered, mine), { fence, held: held && !mine })
  },
  key: ({ fence, held }) => `${fence} ${held}`,
}

/** Many things, each of which behaves as `model`; the first word of an input says which one is meant. */
export const many = <S>(model: Sequential<S>): Required<Sequential<S>> => ({
  ...model,
  step: (state, input, answered) => model.step(state, input.slice(input.indexOf(' ') + 1), answered),
  partition: input => input.split(' ')[0] as string,
})

/** The same, as one thing whose state has the states of all. */
export const manyAsOne = <S>(model: Sequential<S>): Sequential<Readonly<Record<string, S>>> => ({
  initial: {},
  step(states, input, answered) {
    const [name = '', ...rest] = input.split(' ')
    const next = model.step(states[name] ?? model.initial, rest.join(' '), answered)
    return next.map(state => ({ ...states, [name]: state }))
  },
  key: states => JSON.stringify(Object.entries(states).sort()),
})

export const isPending = ({ ended }: Op): boolean => ended === Number.POSITIVE_INFINITY

/** Does the order respect real time, contain every operation that returned, and follow the model? */
export function isOrder<S>(model: Sequential<S>, history: readonly Op[], order: readonly Op[]): boolean {
  if (new Set(order).size < order.length || order.some(one => !history.includes(one))) return false
  if (history.some(one => !isPending(one) && !order.includes(one))) return false
  return !order.some((one, at) => order.slice(at).some(({ ended }) => ended < one.call)) && follows(model, order)
}

function follows<S>(model: Sequential<S>, order: readonly Op[]): boolean {
  let states: readonly S[] = [model.initial]
  for (const one of order) {
    const answered = isPending(one) ? undefined : { output: one.output }
    states = states.flatMap(state => model.step(state, one.input, answered))
  }
  return states.length > 0
}

/** Tries every order of the operations that returned, with any of those that did not. */
export function byForce<S>(model: Sequential<S>, history: readonly Op[]): boolean {
  const tries = (order: readonly Op[]): boolean =>
    isOrder(model, history, order) || history.some(one => !order.includes(one) && tries([...order, one]))
  return tries([])
}

export interface Draw<S> {
  readonly operations: number
  readonly processes: number
  readonly inputs: readonly string[]
  /** Possible outputs. A right one is drawn from those that the model accepts, a corrupt one from all of them. */
  readonly outputs: (state: S) => readonly unknown[]
  /** The longest time that an operation takes. */
  readonly longest: number
  /** One operation of so many never returns; 0 for none. */
  readonly pending?: number
  /** One output of so many is corrupt; 0 for none. */
  readonly corrupt?: number
}

/** A history in which each operation took effect at one moment, unless outputs are corrupt. */
export function drawn<S>(model: Sequential<S>, draw: Draw<S>, below: (limit: number) => number): Op[] {
  const { operations, processes, inputs, outputs, longest, pending = 0, corrupt = 0 } = draw
  const free = Array.from({ length: processes }, () => below(longest))
  const timed = Array.from({ length: operations }, (_, at) => {
    const process = at % processes
    const call = (free[process] as number) + below(3)
    const ended = call + below(longest)
    free[process] = ended
    return { process, call, ended, moment: call + below(ended - call + 1), input: any(inputs, below) }
  })
  let state = model.initial
  return timed
    .sort((a, b) => a.moment - b.moment)
    .map(({ process, call, ended, input }) => {
      const possible = outputs(state)
      const right = possible.filter(output => model.step(state, input, { output }).length > 0)
      const output = right[below(right.length)]
      // An operation that cannot return anything now waits for ever.
      const lost = right.length === 0 || (pending > 0 && below(pending) === 0)
      if (right.length > 0 && (!lost || below(2) === 0)) state = any(model.step(state, input, { output }), below)
      if (lost) return { process, input, call, ended: Number.POSITIVE_INFINITY }
      const wrong = corrupt > 0 && below(corrupt) === 0
      return { process, input, output: wrong ? any(possible, below) : output, call, ended }
    })
}

const any = <T>(all: readonly T[], below: (limit: number) => number): T => all[below(all.length)] as T
