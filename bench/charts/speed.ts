// The picture of the speed: a row for each work, a mark for the time of each other side; 1 is holdfast.

import type { SpeedCell, SpeedResults } from '../run/results.js'
import { type Layer, labels, type Part, rowLabels, svgOf, width } from './picture.js'
import { looksOf } from './sides.js'

/** The time of a side as a multiple of holdfast's, for the same work in the same form on the same filesystem. */
interface Ratio extends Pick<SpeedCell, 'filesystem' | 'work' | 'side' | 'form'> {
  readonly times: number
  readonly weaker: boolean
}

/** Draws the medians of all other sides and of the floors, relative to holdfast's. Returns an SVG. */
export async function drawSpeed({ about, cells }: SpeedResults): Promise<string> {
  const ratios = ratiosOf(cells)
  const forms = (['async', 'sync'] as const).filter(form => ratios.some(ratio => ratio.form === form))
  return svgOf({
    title: 'How long the others take',
    explained: [
      'Medians of one run, as multiples of the time that holdfast takes for the same work: 10 means ten times as long.',
      'Ticks are floors: the same system calls with nothing around them. Pale marks promise less than holdfast does.',
    ],
    parts: forms.map(form => panels(form, ratios)),
    about,
  })
}

function ratiosOf(cells: readonly SpeedCell[]): Ratio[] {
  const key = ({ filesystem, work, form }: SpeedCell): string => `${filesystem}\n${work}\n${form}`
  const ours = new Map(cells.filter(({ side }) => side === 'holdfast').map(cell => [key(cell), cell.median]))
  return cells.flatMap(cell => {
    const one = ours.get(key(cell))
    if (!one || cell.side === 'holdfast') return []
    const { filesystem, work, side, form, median, weaker = false } = cell
    return [{ filesystem, work, side, form, times: median / one, weaker }]
  })
}

/** The filesystems side by side, with the same rows. */
function panels(form: Ratio['form'], all: readonly Ratio[]): Part {
  const filesystems = [...new Set(all.map(({ filesystem }) => filesystem))]
  const ratios = all.filter(ratio => ratio.form === form)
  const works = [...new Set(ratios.map(({ work }) => work))]
  const gap = 16
  const each = (width - labels - gap * (filesystems.length - 1)) / filesystems.length
  return {
    spacing: gap,
    hconcat: filesystems.map((filesystem, at) => ({
      title: { text: `${form} calls on ${filesystem}`, anchor: 'start', fontSize: 13, offset: 6 },
      width: each,
      height: works.length * 17,
      encoding: {
        y: {
          type: 'nominal',
          scale: { domain: works },
          axis: { ...rows, ...(at === 0 ? rowLabels : { labels: false }) },
        },
      },
      layer: [
        ...holdfastItself,
        marks(
          ratios.filter(ratio => ratio.filesystem === filesystem),
          all,
        ),
      ],
    })),
  }
}

const rows = { title: null, domain: false, ticks: false, grid: true, gridColor: '#eaeef2' }

/** A line instead of a mark: all others are measured against it. */
const holdfastItself: Layer[] = [
  {
    data: { values: [{}] },
    mark: { type: 'rule', strokeWidth: 2, color: '#1f883d' },
    encoding: { x: { datum: 1 }, y: { value: 0 }, y2: { value: 'height' } },
  },
  {
    data: { values: [{}] },
    mark: {
      type: 'text',
      text: '← faster \u00a0 holdfast \u00a0 slower →',
      color: '#1f883d',
      fontSize: 11,
      fontWeight: 'bold',
    },
    encoding: { x: { datum: 1 }, y: { value: -9 } },
  },
]

function marks(values: Ratio[], all: readonly Ratio[]): Layer {
  const times = all.map(one => one.times)
  // All panels have the same scale, so that they can be compared.
  const domain = [Math.min(0.5, ...times) / 1.15, Math.max(2, ...times) * 1.15]
  const { sides, colours, shapes, columns } = looksOf(new Set(all.map(({ side }) => side)))
  const legend = { orient: 'top', direction: 'horizontal', columns, title: null, symbolSize: 80 } as const
  return {
    data: { values },
    mark: { type: 'point', filled: true, size: 62 },
    encoding: {
      x: {
        field: 'times',
        type: 'quantitative',
        scale: { type: 'log', domain, nice: false },
        axis: {
          title: null,
          values: steps,
          format: '~g',
          grid: true,
          gridColor: '#eaeef2',
          domain: false,
          ticks: false,
        },
      },
      y: { field: 'work' },
      color: { field: 'side', type: 'nominal', scale: { domain: sides, range: colours }, legend },
      opacity: { condition: { test: 'datum.weaker', value: 0.3 }, value: 0.95 },
      shape: { field: 'side', type: 'nominal', scale: { domain: sides, range: shapes }, legend },
    },
  }
}

const steps = [-4, -3, -2, -1, 0, 1, 2, 3, 4].flatMap(power => [10 ** power, 3 * 10 ** power])
