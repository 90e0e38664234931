// The results of a contest, as cells and as a table for the terminal.

import { styleText } from 'node:util'
import Table from 'cli-table3'
import { rowNameOf } from '../run/faces.js'
import { type RaceCell, verdicts } from '../run/results.js'
import type { Contest, Fate } from './rules.js'

export function cellsOf(contest: Contest, fates: ReadonlyMap<string, Fate>, filesystem: string): RaceCell[] {
  return [...fates].flatMap(([row, { counts }]) =>
    Object.entries(contest.verdicts).map(([name, { of: unit, unpromised }]) => {
      const verdict = name as RaceCell['verdict']
      const promised = !unpromised?.includes(row)
      const title = contest.titleOf(row)
      const by = rowNameOf(title.package)
      return { filesystem, ...title, package: by, verdict, ...(counts[verdict] ?? { bad: 0, of: 0 }), unit, promised }
    }),
  )
}

// `hasColors` follows NO_COLOR, FORCE_COLOR and the terminal.
const hasColors = process.stdout.isTTY && process.stdout.hasColors()
const glaring = (text: string): string => (hasColors ? styleText(['red', 'bold'], text) : text)

function shown(cell: RaceCell | undefined): string {
  if (!cell) return ''
  const rate = `${cell.bad} of ${cell.of}`
  if (!cell.promised) return `not promised: ${rate}`
  return cell.bad > 0 ? glaring(rate) : rate
}

/** One row for each contest and package, one column for each verdict that is counted there. */
export function tableOf(cells: readonly RaceCell[]): string {
  const counted = verdicts.filter(name => cells.some(({ verdict }) => verdict === name))
  const style = { head: [], border: [], compact: true }
  const table = new Table({ head: ['contest', 'package', ...counted], style })
  const isOf = (cell: RaceCell) => (other: RaceCell) => other.contest === cell.contest && other.package === cell.package
  const firsts = cells.filter((cell, at) => cells.findIndex(isOf(cell)) === at)
  for (const [at, first] of firsts.entries()) {
    const row = cells.filter(isOf(first))
    const title = firsts[at - 1]?.contest === first.contest ? '' : first.contest
    table.push([title, first.package, ...counted.map(name => shown(row.find(({ verdict }) => verdict === name)))])
  }
  return table.toString()
}
