// The results as tables for the terminal.

import Table from 'cli-table3'
import type { ContendedCell, GrowthCell, SpeedCell, Target } from '../run/results.js'
import { before } from './before.js'
import type { Shortfall } from './targets.js'
import { holdfast } from './work.js'

const plainly = { style: { head: [], border: [], compact: true } }
const us = (value: number): string => value.toFixed(value < 10 ? 1 : 0)
const times = (value: number): string => value.toFixed(2)
const named = (side: string, weaker: boolean | undefined): string => (weaker ? `${side} *` : side)

/** Explains the mark beside the names of such packages. */
export const legend = '* promises less than holdfast does, so it may well be faster'

export function speedTable(family: string, cells: readonly SpeedCell[], targets: readonly Target[]): string {
  const head = [family, 'form', 'median, us', 'p99, us', 'vs holdfast', 'holdfast vs it', 'target, at most']
  const table = new Table({ head, ...plainly })
  for (const work of new Set(cells.map(({ work }) => work))) {
    table.push([{ content: work, colSpan: head.length }])
    const ofWork = cells.filter(cell => cell.work === work)
    for (const { side, form, median, p99, weaker } of ofWork) {
      const ours = ofWork.find(cell => cell.side === holdfast && cell.form === form)?.median ?? Number.NaN
      const ratios = side === holdfast ? ['1', ''] : [times(median / ours), times(ours / median)]
      const asked = targets.filter(target => target.work === work && target.form === form && isOf(target, side, cells))
      table.push([`  ${named(side, weaker)}`, form, us(median), us(p99), ...ratios, asked.map(figure).join(', ')])
    }
  }
  return table.toString()
}

/** A target in microseconds has no side of its own, so it is shown beside holdfast. */
const isOf = ({ against }: Target, side: string, cells: readonly SpeedCell[]): boolean =>
  against === side || (side === holdfast && !cells.some(cell => cell.side === against))

const isMet = ({ ratio, asked }: Target): boolean => ratio <= asked
const figure = (target: Target): string => `${times(target.asked)} ${isMet(target) ? 'yes' : 'NO'}`

export function contendedTable(title: string, cells: readonly ContendedCell[]): string {
  const table = new Table({ head: [title, 'turns per second', 'longest wait, ms'], ...plainly })
  for (const { side, perSecond, longestWait } of cells) table.push([side, perSecond.toFixed(0), longestWait.toFixed(0)])
  return table.toString()
}

export function growthTable(title: string, cells: readonly GrowthCell[]): string {
  const sizes = [...new Set(cells.map(({ size }) => size))]
  const table = new Table({ head: [title, ...sizes.map(size => size.toLocaleString('en'))], ...plainly })
  for (const work of new Set(cells.map(({ work }) => work))) {
    const ofWork = cells.filter(cell => cell.work === work)
    table.push([{ content: `${work}, us per call`, colSpan: sizes.length + 1 }])
    for (const side of new Set(ofWork.map(({ side }) => side))) {
      const at = (size: number) => ofWork.find(cell => cell.side === side && cell.size === size)?.median
      table.push([`  ${side}`, ...sizes.map(size => us(at(size) ?? Number.NaN))])
    }
  }
  return table.toString()
}

export function targetTable(targets: readonly Target[]): string {
  const head = ['target of holdfast', 'form', 'on', 'against', 'at most', 'measured', 'met']
  const table = new Table({ head, ...plainly })
  for (const target of targets) {
    const { filesystem, work, form, against, ratio, asked } = target
    table.push([work, form, filesystem, against, times(asked), times(ratio), isMet(target) ? 'yes' : 'NO'])
  }
  return table.toString()
}

/** The time of each function now, as a multiple of its time in the build `before`. */
export function beforeTable(cells: readonly SpeedCell[]): string {
  const table = new Table({ head: ['holdfast vs before', 'form', 'on', 'measured'], ...plainly })
  for (const { work, form, filesystem, median } of cells.filter(({ side }) => side === before)) {
    const now = cells.find(
      cell => cell.side === holdfast && cell.work === work && cell.form === form && cell.filesystem === filesystem,
    )
    table.push([work, form, filesystem, times((now?.median ?? Number.NaN) / median)])
  }
  return table.toString()
}

/** One row for each work and form, one column for each filesystem. */
export function shortfallTable(shortfalls: readonly Shortfall[]): string {
  const filesystems = [...new Set(shortfalls.map(({ filesystem }) => filesystem))]
  const table = new Table({ head: ['holdfast takes this many times', 'form', ...filesystems], ...plainly })
  for (const work of new Set(shortfalls.map(({ work }) => work)))
    for (const form of ['async', 'sync']) {
      const ofRow = shortfalls.filter(one => one.work === work && one.form === form)
      const columns = filesystems.map(filesystem => ofRow.filter(one => one.filesystem === filesystem).map(than))
      if (ofRow.length > 0) table.push([work, form, ...columns.map(lines => lines.join('\n'))])
    }
  return table.toString()
}

const than = ({ against, weaker, ratio }: Shortfall): string => `${times(ratio)} ${named(against, weaker)}`
