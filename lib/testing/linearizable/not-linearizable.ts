// The error of `assertLinearizable`, and how it shows a history to a person.

import { inspect } from 'node:util'
import { cut } from '../explore/trace.js'
import type { Operation, Verdict } from './history.js'

type Failed = Exclude<Verdict<unknown, unknown>, { readonly answer: 'yes' }>
type Operations = readonly Operation<unknown, unknown>[]

/** What `assertLinearizable` throws: how far one gets with a history, and which operations cannot be placed then. */
export class NotLinearizable extends Error {
  override readonly name = 'NotLinearizable'
  readonly code: 'ERR_NOT_LINEARIZABLE' | 'ERR_BUDGET_SPENT'
  constructor(readonly verdict: Failed) {
    super(verdict.answer === 'no' ? describe(verdict) : describeUnknown(verdict))
    this.code = verdict.answer === 'no' ? 'ERR_NOT_LINEARIZABLE' : 'ERR_BUDGET_SPENT'
  }
}

const where = ({ part }: Failed): string => (part === undefined ? '' : ` in ${inspect(part)}`)

const describeUnknown = (verdict: Failed): string =>
  `not known to be linearizable${where(verdict)}: the budget was spent, after ${verdict.steps} steps`

/** How many operations of each kind are shown, so that the message fits into a terminal. */
const shown = 8

function describe(verdict: Extract<Failed, { readonly answer: 'no' }>): string {
  const { prefix, left, state } = verdict
  const all = [...prefix, ...left]
  // Shown from the first call on, because times of a day have too many digits to be read.
  const start = least(all.map(({ call }) => call))
  const firstReturn = least(left.map(({ ended }) => ended))
  // Those that returned come first: the others may be many, and need not be placed.
  const next = left.filter(({ call }) => call <= firstReturn).sort((a, b) => +isPending(a) - +isPending(b))
  const [more, later] = [next.length - shown, left.length - next.length]
  return [
    `not linearizable${where(verdict)}: ${prefix.length} of ${all.length} operations can be put in order`,
    ...(prefix.length > shown ? [`  (${prefix.length - shown} before)`] : []),
    ...table(prefix.slice(-shown), start),
    `state: ${cut(state)}, and none of these can be the next, or helps if it is`,
    ...table(next.slice(0, shown), start),
    ...(more > 0 ? [`  (${more} more)`] : []),
    ...(later > 0 ? [`  (${later} called later)`] : []),
  ].join('\n')
}

const isPending = ({ ended }: Operation<unknown, unknown>): boolean => ended === Number.POSITIVE_INFINITY

const least = (times: readonly number[]): number =>
  times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY)

/** One line for each operation: the process, from when to when since the start, the input, and what came of it. */
function table(operations: Operations, start: number): string[] {
  const rows = operations.map(operation => {
    const { process, input, output, call, ended } = operation
    const pending = isPending(operation)
    const end = pending ? 'never returned' : `-> ${plain(output)}`
    return [`${process}`, since(call, start), pending ? '' : since(ended, start), `${plain(input)} ${end}`] as const
  })
  const width = (column: 0 | 1 | 2) => Math.max(0, ...rows.map(row => row[column].length))
  const [first, second, third] = [width(0), width(1), width(2)]
  return rows.map(
    ([who, from, to, what]) => `  ${who.padEnd(first)}  ${from.padStart(second)} .. ${to.padEnd(third)}  ${what}`,
  )
}

/** To a thousandth: a microsecond, if the unit is a millisecond. */
const since = (time: number, start: number): string => `${Number((time - start).toFixed(3))}`

const plain = (value: unknown): string =>
  cut(inspect(value, { depth: 3, breakLength: Number.POSITIVE_INFINITY, compact: true }))
