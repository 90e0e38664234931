// A point: one call of a public function, one of the calls that it makes, and what goes wrong with that.

import type { Act, Form } from './act.js'
import { actOf } from './acts.js'
import { type Fault, faultOf, faultsOf, first, killAfter } from './faults.js'

export interface Point {
  readonly act: Act
  readonly form: Form
  readonly op: string
  /** Which of the calls of that kind; the first is 1. */
  readonly nth: number
  readonly fault: Fault
}

export const spellPoint = ({ act, form, op, nth, fault }: Point): string =>
  `${act.name}.${form}.${op}-${nth}.${fault.name}`

export function parsePoint(text: string): Point | undefined {
  const [, name, form, op, nth, fault] = /^([\w-]+)\.(promise|sync)\.([a-z]+)-(\d+)\.([\w-]+)$/.exec(text) ?? []
  if (!name || !op || !fault) return undefined
  return { act: actOf(name), form: form as Form, op, nth: Number(nth), fault: faultOf(op, fault) }
}

/** What an act calls when nothing goes wrong: in a process that has made it before, and as the first act of one. */
export interface Trace {
  readonly warm: readonly string[]
  readonly cold: readonly string[]
}

/** All points of an act. */
export function pointsOf(act: Act, form: Form, { warm, cold }: Trace): Point[] {
  const wanted = (fault: Fault, op: string, isLast: boolean): boolean => {
    if (fault.name === first) return count(cold, op) > count(warm, op)
    return fault.name !== killAfter || isLast
  }
  const some = (ops: readonly string[], isCold: boolean): Point[] =>
    ops.flatMap((op, at) => {
      const nth = count(ops.slice(0, at), op) + 1
      if (act.repeats && nth > 6 && nth % 20 > 0) return []
      const faults = faultsOf(op).filter(fault => fault.cold === isCold && wanted(fault, op, at === ops.length - 1))
      return faults.map(fault => ({ act, form, op, nth, fault }))
    })
  return [...some(warm, false), ...some(cold, true)]
}

const count = (ops: readonly string[], op: string): number => ops.filter(one => one === op).length
