// The longest turns as a table for the terminal.

import Table from 'cli-table3'
import { median, quantile } from '../run/median.js'
import type { Mode, Turns } from './run.js'
import { measure } from './works.js'

/** One function, on one filesystem. */
export interface Row {
  readonly name: string
  /** Milliseconds: the median of the longest turns, and the longest of all. */
  readonly all: number
  readonly worst: number
  readonly looks: number
  readonly atMost: number
}

const leastMs = 20
const times = 1.5

/** The turns of a function may take 20 ms, or 1.5 times those of as many calls of `fs.promises.writeFile`. */
export function rowsOf(turns: Readonly<Record<Mode, Turns>>): Row[] {
  const atMost = Math.max(leastMs, times * median(turns.all[measure] ?? []))
  return Object.entries(turns.all).map(([name, all]) => {
    const looks = median(turns.looks[name] ?? [])
    return { name, all: median(all), worst: quantile(all, 1), looks, atMost }
  })
}

export const isTooLong = ({ name, all, atMost }: Row): boolean => name !== measure && all > atMost

const ms = (value: number): string => value.toFixed(1)

export function tableOf(title: string, rows: readonly Row[]): string {
  const head = [title, 'longest turn, ms', 'of all runs', 'with looks', 'at most', 'met']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const row of rows) {
    const bound = row.name === measure ? ['', ''] : [ms(row.atMost), isTooLong(row) ? 'NO' : 'yes']
    table.push([row.name, ms(row.all), ms(row.worst), ms(row.looks), ...bound])
  }
  return table.toString()
}
