// What the pictures have in common: a title that says what they show; a white background of their own, because a page
// may be dark; and, in small print below, what was measured on which machine. They fit the width of a README.

import * as vega from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import { type About, describe } from '../run/about.js'

export type Part = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number]
export type Layer = Extract<Part, { layer: unknown }>['layer'][number]

interface Picture {
  readonly title: string
  /** How to read the picture, one line each. */
  readonly explained: readonly string[]
  readonly parts: readonly Part[]
  readonly about: About
}

/** Pixels, including the labels of the rows. */
export const width = 780
export const labels = 172
export const rowLabels = { minExtent: labels, maxExtent: labels } as const

/** Breaks a text into lines of at most `most` characters, after `end`. */
export const inLines = (text: string, most: number, end = ' '): string[] =>
  text.match(new RegExp(`.{1,${most}}(?:${end}|$)`, 'g')) ?? []

// Without a canvas Vega takes every letter to be as wide as a W, which leaves too much room for each label. This is the
// width in the widest of the fonts that may be used.
const { textMetrics } = vega as unknown as {
  textMetrics: { width: (item: { fontSize?: number }, text: unknown) => number }
}
/** Returns the pixels that a text may take. */
export const widthOf = (text: string, fontSize = 11): number => 0.57 * fontSize * text.length
textMetrics.width = ({ fontSize }, text) => widthOf(String(text ?? ''), fontSize)

export const ink = '#24292f'
const faint = '#57606a'

/** Returns an image of text and lines, without fonts, scripts or links. The same results give the same bytes. */
export async function svgOf({ title, explained, parts, about }: Picture): Promise<string> {
  const spec: TopLevelSpec = {
    description: [title, ...explained].join(' '),
    background: 'white',
    padding: 16,
    title: { text: title, subtitle: explained.flatMap(line => inLines(line, 115)) },
    vconcat: [...parts, smallPrint(about)],
    spacing: 14,
    config: {
      // A label for each mark would make the file several times as long.
      aria: false,
      font: '-apple-system, "Segoe UI", Helvetica, Arial, sans-serif',
      view: { stroke: null },
      title: {
        anchor: 'start',
        color: ink,
        fontSize: 18,
        subtitleColor: faint,
        subtitleFontSize: 12,
        subtitleLineHeight: 16,
        subtitlePadding: 6,
        offset: 10,
      },
      axis: {
        labelColor: ink,
        labelFontSize: 11,
        labelLimit: labels,
        titleColor: faint,
        titleFontSize: 11,
        titleFontWeight: 'normal',
      },
      legend: {
        labelColor: ink,
        labelFontSize: 11,
        labelLimit: 0,
        titleColor: faint,
        titleFontSize: 11,
        titleFontWeight: 'normal',
      },
    },
  }
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}

function smallPrint(about: About): Part {
  const lines = describe(about).flatMap(line => inLines(line, 140, ', '))
  return {
    width: width - labels,
    height: lines.length * 14,
    data: { values: lines.map((line, at) => ({ line, at })) },
    mark: { type: 'text', align: 'left', x: -labels, fontSize: 10, color: faint },
    encoding: { y: { field: 'at', type: 'ordinal', axis: null }, text: { field: 'line' } },
  }
}
