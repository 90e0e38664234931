// How a picture distinguishes the packages: by colour, and by shape for readers who cannot tell the colours apart.

import { labels, width, widthOf } from './picture.js'

const colours = [
  '#0969da',
  '#cf222e',
  '#8250df',
  '#bf8700',
  '#0a8a8a',
  '#bf3989',
  '#e16f24',
  '#6e5494',
  '#4d7c0f',
  '#5f4b32',
]
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'triangle-down', 'cross', 'triangle-right']

/** Floors are not packages: they are ticks, darker the less there is around the calls. */
const tick = 'M-0.2,-1.1H0.2V1.1H-0.2Z'
const greys: Record<string, string> = { 'floor: callbacks': '#8c959f', 'floor: sync': '#57606a', 'floor: C': '#24292f' }

interface Looks {
  readonly sides: string[]
  readonly colours: string[]
  readonly shapes: string[]
  /** Columns of the legend: as many as fit side by side. */
  readonly columns: number
}

/** Assigns the looks by name, the floors last. */
export function looksOf(names: Iterable<string>): Looks {
  const all = [...names].sort()
  const packages = all.filter(name => !name.startsWith('floor: '))
  const floors = all.filter(name => name.startsWith('floor: '))
  const sides = [...packages, ...floors]
  return {
    sides,
    colours: [...packages.map((_, at) => nth(colours, at)), ...floors.map(name => greys[name] ?? '#6e7781')],
    shapes: [...packages.map((_, at) => nth(shapes, at)), ...floors.map(() => tick)],
    columns: [8, 7, 6, 5, 4, 3, 2].find(columns => widthOfLegend(sides, columns) < width - labels) ?? 1,
  }
}

/** A legend is filled row by row, and each column is as wide as its longest name and a mark. */
function widthOfLegend(names: readonly string[], columns: number): number {
  const widest = Array.from({ length: columns }, () => 0)
  for (const [at, name] of names.entries())
    widest[at % columns] = Math.max(widest[at % columns] ?? 0, widthOf(name) + 30)
  return widest.reduce((a, b) => a + b, 0)
}

/** Repeats the list. Ten colours and seven shapes have no common divisor, so the first seventy pairs all differ. */
const nth = (all: readonly string[], at: number): string => all[at % all.length] as string
