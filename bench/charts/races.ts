// The picture of the races: a row for each contest, a column for each package.

import { isOurs, type RaceCell, type RaceResults, type Verdict } from '../run/results.js'
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
  'made again': 'made again',
  'different answers': 'differ',
  'brought back': 'revived',
  'over the limit': 'over',
}

/** Draws the worst of what a package is blamed for in each contest, on all filesystems together. Returns an SVG. */
export async function drawRaces({ about, cells }: RaceResults): Promise<string> {
  const filesystems = [...new Set(cells.map(({ filesystem }) => filesystem))]
  const subjects = [...new Set(cells.map(subjectOf))]
  return svgOf({
    title: 'What goes wrong when processes race',
    explained: [
      `Each cell shows the worst that was counted in real processes, on ${filesystems.join(' and ')}: calls rejected, ` +
        'reads torn or absent, two winners of one thing, data lost, or debris left behind. Grey: the package does not ' +
        'promise it, or promises only a part of it. Blank: it has no such function.',
    ],
    parts: subjects.map(subject => matrix(cells.filter(cell => subjectOf(cell) === subject))),
    about,
  })
}

/** Contests of one subject have a part of the picture, with the packages that take part in them: `store: ...`. */
const subjectOf = ({ contest }: RaceCell): string => (contest.includes(': ') ? (contest.split(': ')[0] ?? '') : '')

const rank = (name: string): number => (isOurs(name) ? 0 : name === 'by hand' ? 2 : 1)

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
  // What went wrong without a promise is shown only if no promise was broken.
  const worst = worstOf(blamed)
  const isBroken = worst !== undefined && worst.bad > 0
  const top = isBroken ? worst : worstOf(cells)
  if (!top) throw new Error('Nothing was counted')
  const isInPart = top.bad === 0 && blamed.length < cells.length
  const what = top.bad > 0 ? words[top.verdict] : isInPart ? 'in part' : ''
  const isGrey = !isBroken && blamed.length < cells.length
  const grade = isGrey ? unpromised.label : (grades.findLast(({ above }) => top.rate > above)?.label ?? '')
  return { count: grouped(top.bad), of: `of ${grouped(top.of)}`, grade, what, down: what === '' ? 5 : 0 }
}

/** The verdict by which most went wrong. If nothing did, the count with the most tries says most. */
function worstOf(cells: readonly RaceCell[]) {
  const sums = [...new Set(cells.map(({ verdict }) => verdict))].map(verdict => {
    const same = cells.filter(cell => cell.verdict === verdict)
    const [bad, of] = [sum(same.map(cell => cell.bad)), sum(same.map(cell => cell.of))]
    return { verdict, bad, of, rate: of === 0 ? 0 : bad / of }
  })
  return sums.sort((a, b) => b.rate - a.rate || b.of - a.of)[0]
}

const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0)
const grouped = (count: number): string => count.toLocaleString('en-US')

function matrix(cells: readonly RaceCell[]): Part {
  const contests = [...new Set(cells.map(({ contest }) => contest))]
  const packages = [...new Set(cells.map(cell => cell.package))].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  const values = contests.flatMap(contest =>
    packages.flatMap(name => {
      const own = cells.filter(cell => cell.contest === contest && cell.package === name)
      return own.length === 0 ? [] : [{ contest: broken(contest), package: name, ...verdictOn(own) }]
    }),
  )
  return {
    width: width - labels,
    height: contests.length * 37,
    data: { values },
    encoding: {
      y: { field: 'contest', type: 'nominal', sort: contests.map(broken), axis: contestLabels },
      x: { field: 'package', type: 'nominal', sort: packages, axis: packageLabels },
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
/** Ours are in bold: readers look for them. */
const packageLabels = {
  ...bare,
  orient: 'top',
  labelAngle: -35,
  labelFontWeight: {
    condition: { test: "split(datum.value, ', ')[0] === 'holdfast'", value: 'bold' },
    value: 'normal',
  },
} as const

/** The label of a contest, broken into lines. */
const broken = (contest: string): string => inLines(contest, 26).join('\n')
