// The table of where holdfast is slower, which docs/performance.md shows: made of the results, so that no row is left out.

import type { Form, GrowthCell, SpeedCell, SpeedResults } from '../run/results.js'

/** A median of holdfast's as a multiple of that of another side, in one row of the table. */
interface Ratio {
  readonly row: string
  readonly side: string
  readonly filesystem: string
  readonly times: number
  readonly kind: 'same' | 'less' | 'floor'
}

/** More than this times the floor is worth a row: what is around the calls takes that much. */
const mostOfFloor = 1.3

const isFloor = (side: string): boolean => side.startsWith('floor: ')
const rounded = (times: number): number => Math.round(times * 100) / 100

/** The floor in C has no runtime around it, which no package can leave out. */
const counts = (side: string): boolean => side !== 'holdfast' && side !== 'floor: C'

function ofCalls(cells: readonly SpeedCell[]): Ratio[] {
  return cells.flatMap(cell => {
    const { work, form, filesystem, side } = cell
    const isSame = (other: SpeedCell) => other.work === work && other.form === form && other.filesystem === filesystem
    const ours = cells.find(other => isSame(other) && other.side === 'holdfast')
    if (!ours || !counts(side)) return []
    const kind = isFloor(side) ? 'floor' : cell.weaker ? 'less' : 'same'
    return [{ row: rowOf(work, form), side, filesystem, kind, times: ours.median / cell.median }]
  })
}

const rowOf = (work: string, form: Form): string => `\`${work}\`${form === 'sync' ? ', `.sync`' : ''}`

/** Where something grows, the form is a part of a side's name. */
const inThread = ', sync'
const formOf = (side: string): Form => (side.endsWith(inThread) ? 'sync' : 'async')
const nameOf = (side: string): string => (formOf(side) === 'sync' ? side.slice(0, -inThread.length) : side)

/** Of one thing that grows, the worst size. */
function ofGrowth(growth: readonly GrowthCell[], cells: readonly SpeedCell[]): Ratio[] {
  const weaker = new Set(cells.filter(cell => cell.weaker).map(({ work, side }) => `${work}\n${side}`))
  const all = growth.flatMap(cell => {
    const { work, growing, filesystem, size } = cell
    const [side, form] = [nameOf(cell.side), formOf(cell.side)]
    const ours = growth.find(
      other =>
        nameOf(other.side) === 'holdfast' &&
        formOf(other.side) === form &&
        other.work === work &&
        other.growing === growing &&
        other.filesystem === filesystem &&
        other.size === size,
    )
    if (!ours || !counts(side)) return []
    const kind: Ratio['kind'] = isFloor(side) ? 'floor' : weaker.has(`${work}\n${side}`) ? 'less' : 'same'
    return [
      {
        row: `${rowOf(work, form)}, ${sizesOf(growth, growing)} ${growing}`,
        side,
        filesystem,
        kind,
        times: ours.median / cell.median,
      },
    ]
  })
  const worst = new Map<string, Ratio>()
  for (const ratio of all) {
    const key = `${ratio.row}\n${ratio.side}\n${ratio.filesystem}`
    if (ratio.times > (worst.get(key)?.times ?? 0)) worst.set(key, ratio)
  }
  return [...worst.values()]
}

function sizesOf(growth: readonly GrowthCell[], growing: GrowthCell['growing']): string {
  const sizes = growth.filter(cell => cell.growing === growing).map(cell => cell.size)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)].map(size => size.toLocaleString('en-US'))
  return `${least} to ${most}`
}

/** Returns the lines of the table: a row for each call of which holdfast is slower than one of the others somewhere. */
export function slowerTable({ about, cells, growth }: SpeedResults): string {
  const all = [...ofCalls(cells), ...ofGrowth(growth, cells)]
  const { filesystems } = about
  const said = (row: string, kind: Ratio['kind']): string => {
    const own = all.filter(ratio => ratio.row === row && ratio.kind === kind)
    const sides = [...new Set(own.map(({ side }) => side))]
    const slower = sides.flatMap(side => {
      const times = filesystems.map(one => own.find(ratio => ratio.side === side && ratio.filesystem === one)?.times)
      const isSlower = times.some(one => rounded(one ?? 0) > (kind === 'floor' ? mostOfFloor : 1))
      const figures = times.map(one => one?.toFixed(2) ?? '-').join(' / ')
      return isSlower ? [kind === 'floor' ? figures : `${side} ${figures}`] : []
    })
    return slower.join(', ')
  }
  const kinds = ['same', 'less', 'floor'] as const
  const rows = [...new Set(all.map(({ row }) => row))]
    .map(row => [row, ...kinds.map(kind => said(row, kind))])
    .filter(([, ...figures]) => figures.some(figure => figure !== ''))
    .map(columns => `| ${columns.map(column => column || '-').join(' | ')} |`)
  const head = '| call | of packages that do the same | of packages that do less | of its floor |'
  return [head, '|---|---|---|---|', ...rows].join('\n')
}

const end = '<!-- The end of what is made. -->'

/** Puts the table into the text of a page, between two marks. */
export function withTable(page: string, table: string, by = 'bench:charts'): string {
  const begin = `<!-- Made by npm run ${by}. -->`
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error('The page has no place for the table')
  return `${page.slice(0, from)}${begin}\n\n${table}\n\n${page.slice(to)}`
}
