// The short picture of the speed: for each function a bar of holdfast's time and one of the time of the fastest package that
// does the same.

import type { SpeedCell, SpeedResults } from '../run/results.js'
import { box, type Look, margin, sheet, text } from './sketch.js'

/** The works in the order of the picture; all others, the sync form and the floors are in the long one. */
const works = [
  ...[
    'mkdirp, existing',
    'mkdirp, 8 levels',
    'createExclusive 1 KiB, file',
    'writeFile 1 KiB, file',
    'link',
    'symlink',
  ],
  ...['move', 'copy tree', 'remove tree', 'lock', 'updateFile', 'getOrCreate, new'],
]

interface Row {
  readonly work: string
  /** Microseconds. */
  readonly ours: number
  readonly theirs: number
  readonly peer: string
  /** No package does the same; this one does less. */
  readonly isWeaker: boolean
}

const isFloor = (side: string): boolean => side.startsWith('floor: ')

export function rowsOf(cells: readonly SpeedCell[]): Row[] {
  return works.flatMap(work => {
    const own = cells.filter(cell => cell.work === work)
    const ours = own.find(cell => cell.side === 'holdfast')
    const peers = own.filter(cell => cell.side !== 'holdfast' && !isFloor(cell.side))
    const equal = peers.filter(cell => !cell.weaker)
    const best = (equal.length > 0 ? equal : peers).sort((a, b) => a.median - b.median)[0]
    if (!ours || !best) return []
    return [{ work, ours: ours.median, theirs: best.median, peer: best.side, isWeaker: best.weaker ?? false }]
  })
}

/** The pixels that a text may take in the widest of the fonts. */
const widthOf = (says: string): number => says.length * 6.4

const time = (us: number): string => {
  const [value, unit] = us < 1000 ? [us, 'µs'] : [us / 1000, 'ms']
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`
}

/** As in `7.6 times as fast`, from holdfast's side. */
function verdict({ ours, theirs }: Row): string {
  const times = Math.max(ours, theirs) / Math.min(ours, theirs)
  if (times < 1.05) return 'as fast'
  return `${times < 10 ? times.toFixed(1) : Math.round(times)} × ${ours < theirs ? 'faster' : 'slower'}`
}

function drawRows(rows: readonly Row[], { theme, isNarrow, width }: Look, top: number) {
  const labels = isNarrow ? 0 : 200
  const above = isNarrow ? 18 : 0
  const step = 34 + above + (isNarrow ? 6 : 5)
  const drawn = rows.flatMap((row, at) => {
    const y = top + at * step
    const { work, ours, theirs, peer, isWeaker } = row
    const x = margin + labels
    const says = { ours: `holdfast ${time(ours)}`, theirs: `${peer}${isWeaker ? ' (does less)' : ''} ${time(theirs)}` }
    // What stands behind a bar needs room, too.
    const longest = Math.min(isNarrow ? 210 : 310, width - 2 * margin - labels - widthOf(says.theirs) - 6)
    const bar = (us: number, says: string, dy: number, colour: string, isBold: boolean) => {
      const long = Math.max(2, Math.round((longest * us) / Math.max(ours, theirs)))
      const [bar, top] = [box(x, y + above + dy, long, 14, colour, 2), y + above + dy + 11]
      return [bar, text(x + long + 6, top, says, theme.ink, { size: 11, isBold })]
    }
    const label = isNarrow
      ? [
          text(margin, y + 13, work, theme.ink, { isBold: true }),
          text(width - margin, y + 13, verdict(row), theme.faint, { size: 12, anchor: 'end' }),
        ]
      : [
          text(margin, y + 13, work, theme.ink, { isBold: true }),
          text(margin, y + 29, verdict(row), theme.faint, { size: 12 }),
        ]
    return [
      ...label,
      ...bar(ours, says.ours, 1, theme.ours, true),
      ...bar(theirs, says.theirs, 17, theme.theirs, false),
    ]
  })
  return { drawn, bottom: top + rows.length * step }
}

/** Draws the short picture of the speed, from the first filesystem of the run. Returns an SVG. */
export function drawSpeedShort({ about, cells }: SpeedResults, look: Look): string {
  const [filesystem = ''] = about.filesystems
  const rows = rowsOf(cells.filter(cell => cell.form === 'async' && cell.filesystem === filesystem))
  return sheet(look, {
    title: 'How long a call takes',
    explained:
      `Medians on ${filesystem}, promise form, beside the fastest package that does the same. Each pair of bars has a ` +
      'scale of its own.',
    about: { ...about, filesystems: [filesystem] },
    packages: rows.flatMap(({ peer }) => peer.split(' + ')),
    body: top => drawRows(rows, look, top + 4),
  })
}
