// A schedule as a person reads it: one column a player and one line a step, or a Mermaid diagram.

import { inspect } from 'node:util'
import type { Stats } from '../../core/stats.js'
import type { Call, Outcome as CallOutcome } from '../../core/steps.js'
import { opsThat } from '../../core/traits.js'
import { Listing, Opening } from './listing.js'
import type { Outcome } from './world.js'

/** A call and what came of it, or (`mark`) what became of a player. */
export type Event =
  | { readonly player: number; readonly mark: true; readonly text: string }
  | {
      readonly player: number
      readonly mark?: false
      readonly call: Call
      /** What the player got, in words. */
      readonly result: string
      readonly value: unknown
      /** The call was made as it is, and `result` is what came of that. */
      readonly truly: boolean
      readonly failed: boolean
    }

const describe = (event: Event, root: string): string =>
  event.mark ? event.text : `${describeCall(event.call, root)} ${event.truly ? '->' : '~>'} ${event.result}`

const longest = 60

export const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text)

const onDescriptor = opsThat('onDescriptor')

function describeCall({ op, args }: Call, root: string): string {
  const [first] = args
  if (first instanceof Opening) return describeCall({ op: 'open', args: [first.path] }, root)
  if (first instanceof Listing) return describeCall({ op, args: [first.path] }, root)
  const shown = args.map(arg => {
    if (typeof arg === 'string')
      return arg.startsWith(root) ? arg.slice(root.length) || '/' : arg.replace(/^\/proc\/self\/fd\/\d+/, 'fd')
    if (ArrayBuffer.isView(arg)) return `${arg.byteLength} bytes`
    if (typeof arg !== 'number' || op === 'sleep') return undefined
    return onDescriptor.has(op) ? 'fd' : `0o${arg.toString(8)}`
  })
  return `${op}(${shown.filter(arg => arg !== undefined).join(', ')})`
}

/** What came of a call, in words that do not depend on the machine. */
export function describeResult(call: Call | undefined, outcome: CallOutcome<unknown>): string {
  if ('error' in outcome) return (outcome.error as NodeJS.ErrnoException)?.code ?? String(outcome.error)
  const { value } = outcome
  if (call?.op === 'open') return 'fd'
  if (value instanceof Listing) return `dir #${value.inode}`
  if (call?.op === 'read')
    return JSON.stringify(Buffer.from((call.args[1] as Uint8Array).subarray(0, value as number)).toString('latin1'))
  if (value === undefined) return /stat$/.test(call?.op ?? '') ? 'nothing' : 'ok'
  if (typeof value === 'bigint') return String(value)
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString('latin1'))
  const stats = value as Stats
  if (typeof stats?.ino === 'bigint')
    return `${stats.isDirectory() ? 'dir' : `file ${stats.size} bytes x${stats.nlink}`} #${stats.ino} ${rights(stats)}${changed(stats)}`
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? String(value)
}

/** What becomes of a player that is not killed. */
export type End = Exclude<Outcome, { readonly how: 'killed' }>

/** The end of a player: a line for the reader, and details in which any two ends differ that `check` could tell apart. */
export function describeEnd(end: End, root: string): { text: string; details: string } {
  const what = end.how === 'threw' ? end.error : end.value
  const words =
    end.how === 'threw'
      ? `THROWS ${describeResult(undefined, { error: what })}`
      : `returns ${describeResult(undefined, { value: what })}`
  // Without its stack, which differs although the error is the same.
  const shown = what instanceof Error ? [String(what), { ...what }, what.cause] : what
  const isPlain = typeof what !== 'object' || what === null
  const details = isPlain ? '' : inspect(shown, { depth: null, maxArrayLength: null, maxStringLength: null })
  return { text: words.replaceAll(root, ''), details }
}

/** When it was changed, in a world whose files have a clock. */
const changed = ({ ctimeNs }: Stats): string => (ctimeNs === 0n ? '' : ` at ${Number(ctimeNs) / 1e6} ms`)

const ownUid = process.getuid?.()

/** The mode, and the owner if it is another user. */
export const rights = ({ mode, uid, gid }: Stats): string =>
  mode.toString(8) + (Number(uid) === ownUid ? '' : ` of ${uid}:${gid}`)

export function columns(names: readonly string[], events: readonly Event[], root: string): string {
  const cells = events.map(event => cut(`${event.mark ? '** ' : ''}${describe(event, root)}`))
  const widths = names.map((name, player) =>
    Math.max(name.length, ...cells.filter((_, at) => events[at]?.player === player).map(cell => cell.length)),
  )
  const line = (number: string, cellOf: (player: number) => string) =>
    `${number.padStart(4)}  ${names.map((_, player) => cellOf(player).padEnd(widths[player] ?? 0)).join('  ')}`.trimEnd()
  let step = 0
  const rows = events.map(({ player, mark }, at) => {
    if (player < 0) return `      -- ${cells[at]}`
    return line(mark ? '' : String(++step), other => (other === player ? (cells[at] as string) : '|'))
  })
  return [line('', player => names[player] as string), ...rows].join('\n')
}

export function mermaid(names: readonly string[], events: readonly Event[], root: string): string {
  const lines = events.map(event => {
    const { player, mark } = event
    const safe = describe(event, root).replaceAll(/[;#]/g, ' ')
    const name = (names[player] ?? names[0] ?? 'clock').replaceAll(/\W+/g, '_')
    return mark || player < 0 ? `  Note over ${name}: ${safe}` : `  ${name}->>disk: ${safe}`
  })
  return [
    'sequenceDiagram',
    ...names.map(name => `  participant ${name.replaceAll(/\W+/g, '_')}`),
    '  participant disk',
    ...lines,
  ].join('\n')
}
