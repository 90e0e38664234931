// What makes a run worthless, or shows holdfast wrong. It is printed, and the run fails.

import { rowNameOf } from '../run/faces.js'
import { isOurs, type RaceCell } from '../run/results.js'
import type { Contest, Fate } from './rules.js'

const nameOf = ({ filesystem, contest, package: by, verdict }: RaceCell): string =>
  `${contest}, ${by}, on ${filesystem}: ${verdict}`

/** Cells of holdfast and its faces that are promised to be zero, and are not, each with the error of the first rejected call. */
export function ours(cells: readonly RaceCell[], fates: ReadonlyMap<string, Fate>, contest: Contest): string[] {
  const whyOf = (cell: RaceCell): string =>
    [...fates]
      .filter(
        ([row]) =>
          contest.titleOf(row).contest === cell.contest && rowNameOf(contest.titleOf(row).package) === cell.package,
      )
      .map(([, { why }]) => (why ? `\n  ${why}` : ''))
      .join('')
  return cells
    .filter(cell => isOurs(cell.package) && cell.promised && cell.bad > 0)
    .map(cell => `${nameOf(cell)}, ${cell.bad} of ${cell.of}${whyOf(cell)}`)
}

/** Packages that ran without contention, and verdicts that counted nothing: their figures mean nothing. */
export function idle(cells: readonly RaceCell[], fates: ReadonlyMap<string, Fate>): string[] {
  const alone = [...fates]
    .filter(([, { contended, rounds }]) => contended < rounds / 2)
    .map(([row, { contended, rounds }]) => `${row}: contention in only ${contended} of ${rounds} rounds`)
  return [...alone, ...cells.filter(cell => cell.of === 0).map(cell => `${nameOf(cell)}: nothing was counted`)]
}

/** Verdicts of a contest that no package failed: perhaps they cannot be failed there. */
export function unseen(contest: Contest, cells: readonly RaceCell[]): string[] {
  const titles = new Set(contest.rows.map(row => contest.titleOf(row).contest))
  const held = cells.filter(cell => titles.has(cell.contest))
  return Object.keys(contest.verdicts)
    .filter(name => held.length > 0 && !held.some(({ verdict, bad }) => verdict === name && bad > 0))
    .map(name => `${contest.name}: no package failed in "${name}"`)
}
