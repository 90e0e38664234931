// A point: one call of a public function, one of the calls that it makes, and what goes wrong with that.

import type { Act, Form } from './act.js'
import { actOf } from './acts.js'
import { type Fault, faultOf, faultsOf } from './faults.js'

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

/** All points of an act whose calls were these, when nothing went wrong. */
export function pointsOf(act: Act, form: Form, ops: readonly string[], cold: boolean): Point[] {
  const counts = new Map<string, number>()
  return ops.flatMap(op => {
    const nth = (counts.get(op) ?? 0) + 1
    counts.set(op, nth)
    return faultsOf(op)
      .filter(fault => fault.cold === cold)
      .map(fault => ({ act, form, op, nth, fault }))
  })
}
