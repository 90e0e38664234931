// What a face costs, as a table for the terminal.

import Table from 'cli-table3'
import type { Cost } from './measure.js'

const most = { async: 1.1, sync: 1.3 } as const

/** Also over the function and the call that its contract needs. */
export const isTooDear = ({ form, ratio, besides }: Cost): boolean => (besides?.ratio ?? ratio) > most[form]

function metOf(cost: Cost): string {
  if (isTooDear(cost)) return 'NO'
  return cost.ratio > most[cost.form] ? 'over both' : 'yes'
}

const us = (value: number): string => value.toFixed(1)
const times = (value: number): string => value.toFixed(2)

export function tableOf(title: string, costs: readonly Cost[]): string {
  const head = [
    title,
    'form',
    'function, us',
    'face, us',
    'ratio',
    'quartiles',
    'at most',
    'met',
    'needs besides',
    'over both',
  ]
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const cost of costs) {
    const quartiles = `${times(cost.low)} to ${times(cost.high)}`
    const { besides } = cost
    const needs = besides ? [`${besides.what} ${us(besides.us)} us`, times(besides.ratio)] : ['', '']
    const bound = [String(most[cost.form]), metOf(cost)]
    table.push([
      cost.name,
      cost.form,
      us(cost.oursUs),
      us(cost.faceUs),
      times(cost.ratio),
      quartiles,
      ...bound,
      ...needs,
    ])
  }
  return table.toString()
}
