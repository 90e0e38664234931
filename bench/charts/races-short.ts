// The short picture of the races: a row for each contest, with the packages that most people use for it, and of each the part
// that went wrong in the way in which most did.

import { isOurs, type RaceCell, type RaceResults, type Verdict } from '../run/results.js'
import { box, type Look, type Mark, margin, mark, sheet, type Theme, text } from './sketch.js'

/** The contests in the order of the picture; all others are in the long one. */
const contests = [
  'mkdirp, beside a remover',
  'createExclusive, with content',
  'writeFile, with readers',
  'writeFile, by equal pids',
  'link, by several',
  'symlink, by several',
  'move, nothing overwritten',
  'move, with overwrite',
  'copy, to one fresh target',
  'remove, beside a writer',
  'emptyDir, beside a writer',
  'lock, left by the killed',
  'updateFile, JSON, by several',
]

/** Of more than five packages in a row, these come first. */
const order = [
  ...[
    'holdfast',
    'fs.promises',
    'fs-extra',
    'mkdirp',
    'make-dir',
    'rimraf',
    'move-file',
    'proper-lockfile',
    'lockfile',
  ],
  ...['write-file-atomic', 'atomically', 'steno', 'cacache'],
]
const most = 5

/** What is counted, as in `calls rejected`. */
const units: Record<Verdict, string> = {
  rejected: 'rejected',
  'torn or absent': 'torn or absent',
  'double winners': 'with two winners',
  lost: 'lost',
  debris: 'with debris',
  'made again': 'made again',
  'different answers': 'that differ',
  'brought back': 'brought back',
  'over the limit': 'over the limit',
}

interface Cell {
  readonly name: string
  /** The part that went wrong. */
  readonly rate: number
  readonly mark: Mark
}

interface Row {
  readonly contest: string
  readonly unit: string
  readonly cells: readonly Cell[]
}

const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0)

function rateOf(cells: readonly RaceCell[]): number {
  const of = sum(cells.map(cell => cell.of))
  return of === 0 ? 0 : sum(cells.map(cell => cell.bad)) / of
}

/** The verdict by which a package is blamed most; if none is blamed, the one by which most went wrong. */
function verdictOf(cells: readonly RaceCell[]): Verdict {
  const verdicts = [...new Set(cells.map(cell => cell.verdict))]
  const worst = (verdict: Verdict, isBlamed: boolean): number => {
    const these = cells.filter(cell => cell.verdict === verdict && (cell.promised || !isBlamed))
    const packages = [...new Set(these.map(cell => cell.package))]
    return Math.max(0, ...packages.map(name => rateOf(these.filter(cell => cell.package === name))))
  }
  const isBlamed = verdicts.some(verdict => worst(verdict, true) > 0)
  return verdicts.sort((a, b) => worst(b, isBlamed) - worst(a, isBlamed))[0] as Verdict
}

function cellOf(name: string, verdict: Verdict, all: readonly RaceCell[]): Cell {
  const counted = all.filter(cell => cell.verdict === verdict)
  const rate = rateOf(counted)
  // What went wrong in another way takes the tick away, too.
  const isClean = all.every(cell => cell.bad === 0 || !cell.promised)
  const isPromised = counted.every(cell => cell.promised)
  return { name, rate, mark: !isPromised ? 'dash' : rate === 0 && isClean ? 'tick' : 'cross' }
}

/** The rows, of all filesystems together. */
export function rowsOf(cells: readonly RaceCell[]): Row[] {
  return contests.flatMap(contest => {
    const names = order.filter(name => cells.some(cell => cell.contest === contest && cell.package === name))
    const shown = names.slice(0, most)
    const own = cells.filter(cell => cell.contest === contest && shown.includes(cell.package))
    if (own.length === 0) return []
    const verdict = verdictOf(own)
    const unit = own.find(cell => cell.verdict === verdict)?.unit
    return [
      {
        contest,
        unit: `${unit} ${units[verdict]}`,
        cells: shown.map(name =>
          cellOf(
            name,
            verdict,
            own.filter(cell => cell.package === name),
          ),
        ),
      },
    ]
  })
}

function percent(rate: number): string {
  const hundredths = rate * 100
  if (hundredths === 0 || hundredths >= 9.95) return `${Math.round(hundredths)} %`
  return `${hundredths < 0.095 ? hundredths.toFixed(2) : hundredths.toFixed(1)} %`
}

function coloursOf({ rate, mark }: Cell, theme: Theme): [ground: string, ink: string] {
  if (mark === 'dash') return [theme.unpromised, theme.ink]
  if (mark === 'tick') return [theme.calm, theme.ink]
  const at = [0.01, 0.1, 0.5].filter(bound => rate > bound).length
  return [theme.grades[at] ?? theme.ground, at === 3 ? theme.onWorst : theme.ink]
}

const gap = 4
const lineHeight = 12

/** A long name has a line for what is behind its last hyphen, where cells are narrow. */
const nameLines = (name: string, isNarrow: boolean): string[] =>
  isNarrow && name.length > 12 ? name.split(/(?<=-)(?=[^-]+$)/) : [name]

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

function drawCell(cell: Cell, { x, y, width, height }: Place, { theme, isNarrow }: Look): string[] {
  const [ground, ink] = coloursOf(cell, theme)
  const middle = x + width / 2
  const share = percent(cell.rate)
  // The mark and the figure are centred together.
  const half = (share.length * 8.2 + 18) / 2
  const names = nameLines(cell.name, isNarrow)
  const lettering = { size: 10.5, anchor: 'middle', isBold: isOurs(cell.name) } as const
  return [
    box(x, y, width, height, ground),
    ...names.map((line, at) => text(middle, y + 15 + at * lineHeight, line, ink, lettering)),
    mark(middle - half + 6, y + height - 12, cell.mark, ink),
    text(middle - half + 18, y + height - 7, share, ink, { size: 13.5, isBold: true }),
  ]
}

/** The label stands above the cells of a row, or on their left. */
function drawLabel({ contest, unit }: Row, y: number, { theme, isNarrow, width }: Look): string[] {
  const name = text(margin, y + (isNarrow ? 13 : 16), contest, theme.ink, { isBold: true })
  if (isNarrow) return [name, text(width - margin, y + 13, unit, theme.faint, { size: 11, anchor: 'end' })]
  return [name, text(margin, y + 31, unit, theme.faint, { size: 11 })]
}

function drawRows(rows: readonly Row[], look: Look, top: number) {
  const { isNarrow, width: all } = look
  const labels = isNarrow ? 0 : 212
  const above = isNarrow ? 18 : 0
  const width = (all - 2 * margin - labels - gap * (most - 1)) / most
  const drawn: string[] = []
  let y = top
  for (const row of rows) {
    const lines = Math.max(...row.cells.map(({ name }) => nameLines(name, isNarrow).length))
    const height = 38 + (lines - 1) * lineHeight
    drawn.push(...drawLabel(row, y, look))
    for (const [at, cell] of row.cells.entries())
      drawn.push(...drawCell(cell, { x: margin + labels + at * (width + gap), y: y + above, width, height }, look))
    y += above + height + (isNarrow ? 9 : gap)
  }
  return { drawn, bottom: y }
}

/** What the three marks mean. */
function drawLegend({ theme, isNarrow }: Look, top: number) {
  const entries: readonly [Mark, string][] = [
    ['tick', 'nothing went wrong'],
    ['cross', 'this part of all, the redder the more'],
    ['dash', 'what the package does not promise'],
  ]
  let [x, y] = [margin, top]
  const drawn = entries.flatMap(([which, says], at) => {
    const ground = { tick: theme.calm, cross: theme.grades[1], dash: theme.unpromised }[which]
    const one = [box(x, y, 18, 18, ground), mark(x + 9, y + 9, which, theme.ink), text(x + 24, y + 13, says, theme.ink)]
    if (isNarrow) y += at === entries.length - 1 ? 0 : 22
    else x += 24 + says.length * 6.3 + 18
    return one
  })
  return { drawn, bottom: y + 18 + 12 }
}

/** Draws the short picture of the races. Returns an SVG. */
export function drawRacesShort({ about, cells }: RaceResults, look: Look): string {
  const rows = rowsOf(cells)
  const filesystems = [...new Set(cells.map(({ filesystem }) => filesystem))]
  return sheet(look, {
    title: 'What goes wrong when processes race',
    explained: `Real processes, on ${filesystems.join(' and ')}: the part that went wrong, with the packages that are used most.`,
    about,
    packages: rows.flatMap(row => row.cells.map(cell => cell.name)),
    body: top => {
      const legend = drawLegend(look, top)
      const table = drawRows(rows, look, legend.bottom)
      return { drawn: [...legend.drawn, ...table.drawn], bottom: table.bottom }
    },
  })
}
