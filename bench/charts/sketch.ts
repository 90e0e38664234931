// What the short pictures are drawn of. Each is drawn four times: for wide and for narrow pages, so that it can be read on a
// phone, and on a light and on a dark ground.

import { type About, describe } from '../run/about.js'

export interface Theme {
  readonly ground: string
  readonly ink: string
  readonly faint: string
  /** Of cells in which nothing went wrong. */
  readonly calm: string
  readonly unpromised: string
  /** From a little to all. */
  readonly grades: readonly [string, string, string, string]
  /** On the last grade. */
  readonly onWorst: string
  readonly ours: string
  readonly theirs: string
}

const light: Theme = {
  ground: '#ffffff',
  ink: '#1f2328',
  faint: '#57606a',
  calm: '#d3ebd8',
  unpromised: '#e7eaee',
  grades: ['#fff0a6', '#fdc463', '#f4843f', '#cf222e'],
  onWorst: '#ffffff',
  ours: '#1f883d',
  theirs: '#8c959f',
}
const dark: Theme = {
  ground: '#0d1117',
  ink: '#e6edf3',
  faint: '#9da7b3',
  calm: '#15432a',
  unpromised: '#262c36',
  grades: ['#574a0c', '#7a4d06', '#a3450b', '#d1242f'],
  onWorst: '#ffffff',
  ours: '#3fb950',
  theirs: '#6e7781',
}

export interface Look {
  readonly theme: Theme
  readonly isNarrow: boolean
  /** Pixels. */
  readonly width: number
}

/** What is behind the name of the picture in the names of its files. */
export const looks: Readonly<Record<string, Look>> = {
  '': { theme: light, isNarrow: false, width: 780 },
  '-dark': { theme: dark, isNarrow: false, width: 780 },
  '-narrow': { theme: light, isNarrow: true, width: 400 },
  '-narrow-dark': { theme: dark, isNarrow: true, width: 400 },
}

export const margin = 14

interface Lettering {
  readonly size?: number
  readonly colour?: string
  readonly isBold?: boolean
  readonly anchor?: 'start' | 'middle' | 'end'
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** A line of text, of which `y` is where its letters stand. */
export function text(x: number, y: number, says: string, colour: string, lettering: Lettering = {}): string {
  const { size = 12, isBold = false, anchor = 'start' } = lettering
  const weight = isBold ? ' font-weight="600"' : ''
  const where = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return `<text transform="translate(${x},${y})" font-size="${size}px"${where}${weight} fill="${colour}">${escaped(says)}</text>`
}

export const box = (x: number, y: number, width: number, height: number, fill: string, radius = 4): string =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" fill="${fill}"/>`

const strokes = { tick: 'M-5,0.5L-1.5,4L5,-4', cross: 'M-4,-4L4,4M-4,4L4,-4', dash: 'M-4.5,0H4.5' }
export type Mark = keyof typeof strokes

/** A sign that says without colour what the colour says; drawn, because not every font has it. */
export const mark = (x: number, y: number, which: Mark, colour: string): string =>
  `<path transform="translate(${x},${y})" d="${strokes[which]}" fill="none" stroke="${colour}" stroke-width="2" stroke-linecap="round"/>`

/** Breaks a text into lines of at most `most` letters. */
const broken = (says: string, most: number): string[] => says.match(new RegExp(`.{1,${most}}(?: |$)`, 'g')) ?? []

interface Sheet {
  readonly title: string
  readonly explained: string
  readonly about: About
  readonly packages: Iterable<string>
  /** Draws what is between the explanation and the small print, from `top` on. */
  readonly body: (top: number) => { readonly drawn: readonly string[]; readonly bottom: number }
}

/** Returns an image of letters and shapes, without fonts, scripts or links. The same results give the same bytes. */
export function sheet({ theme, width }: Look, { title, explained, about, packages, body }: Sheet): string {
  const most = Math.floor((width - 2 * margin) / 6)
  const head = broken(explained, most)
  const { drawn, bottom } = body(44 + head.length * 16)
  const named = new Set([...packages, 'holdfast'])
  const small = describe({
    ...about,
    packages: Object.fromEntries(Object.entries(about.packages).filter(([name]) => named.has(name))),
  }).flatMap(line => broken(line, Math.floor(most * 1.18)))
  const height = bottom + 14 + small.length * 14
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" role="img" aria-label="${escaped(title)}">`,
    box(0, 0, width, height, theme.ground, 6),
    text(margin, 28, title, theme.ink, { size: 17, isBold: true }),
    ...head.map((line, at) => text(margin, 48 + at * 16, line.trim(), theme.faint)),
    ...drawn,
    ...small.map((line, at) => text(margin, bottom + 14 + at * 14, line.trim(), theme.faint, { size: 10 })),
    '</svg>',
  ].join('\n')
}
