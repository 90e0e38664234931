// A schedule as a person reads it: one column a player, one line a step; or a Mermaid diagram.

import { inspect } from 'node:util'
import { opsThat } from '../../core/alphabet.js'
import type { Stats } from '../../core/stats.js'
import type { Call, Outcome as CallOutcome } from '../../core/steps.js'
import { Listing, Opening } from './listing.js'
import type { Outcome } from './world.js'

/** A call and what the player was told of it, or (`mark`) what became of the player. */
export type Event =
  | { readonly player: number; readonly mark: true; readonly text: string }
  | {
      readonly player: number
      readonly mark?: false
      readonly call: Call
      readonly said: string
      readonly value: unknown
      /** It was made as it is, and the answer is what came of it. */
      readonly truly: boolean
      readonly failed: boolean
    }

const describe = (event: Event, root: string): string =>
  event.mark ? event.text : `${describeCall(event.call, root)} ${event.truly ? '->' : '~>'} ${event.said}`

const longest = 60

export const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text)

const onDescriptor = opsThat('onDescriptor')

function describeCall({ op, args }: Call, root: string): string {
  const [first] = args
  if (first instanceof Opening) return describeCall({ op: 'open', args: [first.path] }, root)
  if (first instanceof Listing) return describeCall({ op, args: [first.path] }, root)
  const shown = args.map(arg => {
    if (typeof arg === 'string') return arg.startsWith(root) ? arg.slice(root.length) || '/' : arg
    if (ArrayBuffer.isView(arg)) return `${arg.byteLength} bytes`
    return typeof arg === 'number' && op !== 'sleep'
      ? onDescriptor.has(op)
        ? 'fd'
        : `0o${arg.toString(8)}`
      : undefined
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
    return `${stats.isDirectory() ? 'dir' : `file ${stats.size} bytes x${stats.nlink}`} #${stats.ino} ${rights(stats)}`
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? String(value)
}

/** What becomes of a player that is not killed. */
export type End = Exclude<Outcome, { readonly how: 'killed' }>

/** What became of a player: a line for the reader; and details, with all that `check` could tell apart, but no stack. */
export function describeEnd(outcome: End, root: string): { text: string; details: string } {
  const end = outcome.how === 'threw' ? outcome.error : outcome.value
  const words =
    outcome.how === 'threw'
      ? `THROWS ${describeResult(undefined, { error: end })}`
      : `returns ${describeResult(undefined, { value: end })}`
  const shown = end instanceof Error ? [String(end), { ...end }, end.cause] : end
  const isPlain = typeof end !== 'object' || end === null
  const details = isPlain ? '' : inspect(shown, { depth: null, maxArrayLength: null, maxStringLength: null })
  return { text: words.replaceAll(root, ''), details }
}

const me = process.getuid?.()

/** The mode; and the owner, where that is somebody else. */
export const rights = ({ mode, uid, gid }: Stats): string =>
  mode.toString(8) + (Number(uid) === me ? '' : ` of ${uid}:${gid}`)

/** The schedule in columns. */
export function columns(names: readonly string[], events: readonly Event[], root: string): string {
  const cells = events.map(event => cut(`${event.mark ? '** ' : ''}${describe(event, root)}`))
  const widths = names.map((name, player) =>
    Math.max(name.length, ...cells.filter((_, at) => events[at]?.player === player).map(cell => cell.length)),
  )
  const line = (number: string, filled: (player: number) => string) =>
    `${number.padStart(4)}  ${names.map((_, player) => filled(player).padEnd(widths[player] ?? 0)).join('  ')}`.trimEnd()
  let step = 0
  const rows = events.map(({ player, mark }, at) => {
    if (player < 0) return `      -- ${cells[at]}`
    return line(mark ? '' : String(++step), other => (other === player ? (cells[at] as string) : '|'))
  })
  return [line('', player => names[player] as string), ...rows].join('\n')
}

/** The schedule as a Mermaid sequence diagram. */
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
