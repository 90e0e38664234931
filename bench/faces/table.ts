// What a face costs, as a table for the terminal.

import Table from 'cli-table3'
import type { Cost } from './measure.js'

const most = { async: 1.1, sync: 1.3 } as const

export const isTooDear = ({ form, ratio }: Cost): boolean => ratio > most[form]

const us = (value: number): string => value.toFixed(1)
const times = (value: number): string => value.toFixed(2)

export function tableOf(title: string, costs: readonly Cost[]): string {
  const head = [title, 'form', 'function, us', 'face, us', 'ratio', 'quartiles', 'at most', 'met']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const cost of costs) {
    const quartiles = `${times(cost.low)} to ${times(cost.high)}`
    const bound = [String(most[cost.form]), isTooDear(cost) ? 'NO' : 'yes']
    table.push([cost.name, cost.form, us(cost.oursUs), us(cost.faceUs), times(cost.ratio), quartiles, ...bound])
  }
  return table.toString()
}
