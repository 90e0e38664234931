// Reads an SVG of the bench: its texts and marks, and where a viewer sees them.

export interface Text {
  readonly says: string
  /** Where the first letter begins and the last one ends, from the upper left corner of the picture. */
  readonly from: Point
  readonly to: Point
}

interface Point {
  readonly x: number
  readonly y: number
}

const attribute = (attributes: string, name: string): string =>
  new RegExp(` ${name}="([^"]*)"`).exec(attributes)?.[1] ?? ''

/** The sum of all translations. Groups have no other transforms, and texts at most one rotation. */
function moved({ x, y }: Point, attributes: string): Point {
  const steps = [...attribute(attributes, 'transform').matchAll(/translate\(([^,]+),([^)]+)\)/g)]
  return steps.reduce((at, [, dx, dy]) => ({ x: at.x + Number(dx), y: at.y + Number(dy) }), { x, y })
}

export function sizeOf(svg: string): Point {
  const [, x, y] = /^<svg [^>]*viewBox="0 0 (\S+) (\S+)"/.exec(svg) ?? []
  return { x: Number(x), y: Number(y) }
}

export function textsOf(svg: string): Text[] {
  const groups: Point[] = [{ x: 0, y: 0 }]
  const texts: Text[] = []
  let text = ''
  for (const [, end, tag, attributes = '', says = ''] of svg.matchAll(/<(\/?)(g|text|tspan)\b([^>]*)>([^<]*)/g)) {
    const group = groups.at(-1) as Point
    if (tag === 'g' && end) groups.pop()
    if (tag === 'g' && !end) groups.push(moved(group, attributes))
    if (tag === 'text' && !end) text = attributes
    // In a text of several lines, each line is an element of its own.
    if (tag !== 'g' && !end && says) texts.push(laidOut(says, moved(group, text), text))
  }
  return texts
}

function laidOut(escaped: string, at: Point, attributes: string): Text {
  const says = escaped.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
  // A letter is half as wide as high on average; more is not known without the font.
  const length = (says.length * Number.parseFloat(attribute(attributes, 'font-size'))) / 2
  const before = { start: 0, middle: length / 2, end: length }[attribute(attributes, 'text-anchor')] ?? 0
  const angle = (Number(/rotate\(([^)]+)\)/.exec(attributes)?.[1] ?? 0) * Math.PI) / 180
  const along = (way: number): Point => ({ x: at.x + way * Math.cos(angle), y: at.y + way * Math.sin(angle) })
  return { says, from: along(-before), to: along(length - before) }
}

/** How many shapes each colour fills. */
export function fillsOf(svg: string): Map<string, number> {
  const fills = new Map<string, number>()
  for (const [, colour = ''] of svg.matchAll(/ fill="(#[0-9a-f]{6})"/g)) fills.set(colour, (fills.get(colour) ?? 0) + 1)
  return fills
}
