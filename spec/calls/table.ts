// What was tried, by function.

import Table from 'cli-table3'
import type { Verdict } from './lab.js'
import { type Point, spellPoint } from './point.js'

export interface Row {
  readonly act: string
  points: number
  wrong: number
  /** Points whose call did not come. */
  missed: number
  /** Lies about a `link` or a `rename`, and how many of them were noticed. */
  lies: number
  noticed: number
  readonly unnoticed: string[]
}

export const emptyRow = (act: string): Row => ({
  act,
  points: 0,
  wrong: 0,
  missed: 0,
  lies: 0,
  noticed: 0,
  unnoticed: [],
})

export function note(row: Row, point: Point, { wrong, missed, noticed }: Verdict): void {
  const { op, fault } = point
  row.points++
  if (wrong !== undefined) row.wrong++
  if (missed) row.missed++
  if (missed || fault.action !== 'lie' || (op !== 'link' && op !== 'rename')) return
  row.lies++
  if (noticed) row.noticed++
  else row.unnoticed.push(spellPoint(point))
}

export function tableOf(rows: readonly Row[]): string {
  const head = ['function', 'points', 'wrong', 'call did not come', 'lies of link and rename noticed']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const { act, points, wrong, missed, lies, noticed } of rows)
    table.push([act, points, wrong, missed || '', lies > 0 ? `${noticed} of ${lies}` : ''])
  return table.toString()
}
