// The picture of the races: a row for each contest, a column for each package.

import type { RaceCell, RaceResults, Verdict } from '../run/results.js'
import { ink, inLines, type Layer, labels, type Part, rowLabels, svgOf, width } from './picture.js'

/** The colours, from calm to red, by the part that went wrong: the last grade whose `above` it exceeds. */
const grades = [
  { above: Number.NEGATIVE_INFINITY, label: 'none', colour: '#d3ebd8' },
  { above: 0, label: 'up to 1 %', colour: '#fff0a6' },
  { above: 0.01, label: 'up to 10 %', colour: '#fdc463' },
  { above: 0.1, label: 'up to half', colour: '#f4843f' },
  { above: 0.5, label: 'more', colour: '#cf222e' },
] as const
const worst = grades[grades.length - 1]?.label
const unpromised = { label: 'not promised', colour: '#e4e7eb' }

/** Words short enough for a cell. */
const words: Record<Verdict, string> = {
  rejected: 'rejected',
  'torn or absent': 'torn',
  'double winners': 'two won',
  lost: 'lost',
  debris: 'debris',
}

/** Draws the worst of what a package is blamed for in each contest, on all filesystems together. Returns an SVG. */
export async function drawRaces({ about, cells }: RaceResults): Promise<string> {
  const contests = [...new Set(cells.map(({ contest }) => contest))]
  const packages = [...new Set(cells.map(cell => cell.package))].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  const filesystems = [...new Set(cells.map(({ filesystem }) => filesystem))]
  const values = contests.flatMap(contest =>
    packages.flatMap(name => {
      const own = cells.filter(cell => cell.contest === contest && cell.package === name)
      return own.length === 0 ? [] : [{ contest: broken(contest), package: name, ...verdictOn(own) }]
    }),
  )
  return svgOf({
    title: 'What goes wrong when processes race',
    explained: [
      `Each cell shows the worst that was counted in real processes, on ${filesystems.join(' and ')}: calls rejected, ` +
        'reads torn or absent, two winners of one thing, data lost, or debris left behind. In part: the package does not ' +
        'promise all of that. Blank: it has no such function.',
    ],
    parts: [matrix(values, contests.map(broken), packages)],
    about,
  })
}

const rank = (name: string): number => (name === 'holdfast' ? 0 : name === 'by hand' ? 2 : 1)

interface Shown {
  readonly grade: string
  readonly count: string
  readonly of: string
  readonly what: string
  /** Pixels by which the lines are moved down, so that two lines are centred as three are. */
  readonly down: number
}

function verdictOn(cells: readonly RaceCell[]): Shown {
  const blamed = cells.filter(({ promised }) => promised)
  const sums = [...new Set(blamed.map(({ verdict }) => verdict))].map(verdict => {
    const same = blamed.filter(cell => cell.verdict === verdict)
    const [bad, of] = [sum(same.map(cell => cell.bad)), sum(same.map(cell => cell.of))]
    return { verdict, bad, of, rate: of === 0 ? 0 : bad / of }
  })
  // If nothing went wrong, the count with the most tries says most.
  const [top] = sums.sort((a, b) => b.rate - a.rate || b.of - a.of)
  if (!top) return { grade: unpromised.label, count: '', of: 'not', what: 'promised', down: -6 }
  const grade = grades.findLast(({ above }) => top.rate > above)?.label ?? ''
  const said = { grade, count: grouped(top.bad), of: `of ${grouped(top.of)}` }
  if (top.bad > 0) return { ...said, what: words[top.verdict], down: 0 }
  if (blamed.length < cells.length) return { ...said, grade: unpromised.label, what: 'in part', down: 0 }
  return { ...said, what: '', down: 5 }
}

const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0)
const grouped = (count: number): string => count.toLocaleString('en-US')

function matrix(values: object[], contests: readonly string[], packages: readonly string[]): Part {
  return {
    width: width - labels,
    height: contests.length * 37,
    data: { values },
    encoding: {
      y: { field: 'contest', type: 'nominal', sort: [...contests], axis: contestLabels },
      x: { field: 'package', type: 'nominal', sort: [...packages], axis: packageLabels },
    },
    layer: [ground, line('count', -10, 11), line('of', 1, 9), line('what', 11, 9)],
  }
}

const scale = [...grades, unpromised]
const legend = {
  orient: 'top',
  direction: 'horizontal',
  symbolType: 'square',
  symbolSize: 180,
  titleOrient: 'left',
} as const
/** The colour of a cell. */
const ground: Layer = {
  mark: { type: 'rect', stroke: 'white', strokeWidth: 2, cornerRadius: 4 },
  encoding: {
    color: {
      field: 'grade',
      type: 'nominal',
      scale: { domain: scale.map(({ label }) => label), range: scale.map(({ colour }) => colour) },
      legend: { ...legend, title: 'went wrong:' },
    },
  },
}

/** One of the three lines in a cell, `dy` pixels below its middle. */
function line(field: keyof Shown, dy: number, fontSize: number): Layer {
  return {
    mark: {
      type: 'text',
      dy: { expr: `${dy} + datum.down` },
      fontSize,
      fontWeight: field === 'count' ? 'bold' : 'normal',
    },
    encoding: {
      text: { field, type: 'nominal' },
      color: { condition: { test: `datum.grade === '${worst}'`, value: 'white' }, value: ink },
    },
  }
}

const bare = { title: null, domain: false, ticks: false } as const
const contestLabels = { ...bare, ...rowLabels, labelExpr: "split(datum.label, '\\n')" }
/** holdfast is in bold: readers look for it. */
const packageLabels = {
  ...bare,
  orient: 'top',
  labelAngle: -35,
  labelFontWeight: { condition: { test: "datum.value === 'holdfast'", value: 'bold' }, value: 'normal' },
} as const

/** The label of a contest, broken into lines. */
const broken = (contest: string): string => inLines(contest, 26).join('\n')
