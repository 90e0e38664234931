// How a cell's state is spelled as the name of a file, the token (../cell.ts):
// `<t|x>.<version>.<nonce>.<lineage>.<payload>.<fields ...>`, in lower-case letters and digits, so that no filesystem
// takes two states for one. The payload is spelled as the owner that wrote it; its nonce, if that is not the state's own
// because the state has kept the data of an earlier one; and its size, so that one call reads it whole.

import { asFlag, refusal } from '../core/input.js'

/** What a cell is, at a moment. */
export interface State {
  /** It is a tombstone: deleted, and remembered for a while. */
  readonly gone: boolean
  /** 1 for the first state in the life of a cell; every swap adds one. */
  readonly version: number
  /** Whatever the caller keeps in the cell. */
  readonly fields: readonly string[]
  /** Random, and never used twice, so no state is mistaken for another. */
  readonly nonce: string
  /** The nonces of the states before this one, the latest first: a call recognises its own swap by them later. */
  readonly lineage: readonly string[]
  /** What names its data, if it has any. */
  readonly payload: PayloadId | undefined
}

/** Names the data of a state, and of those after it that keep the data. */
export interface PayloadId {
  /** The owner that wrote it. */
  readonly owner: string
  /** The nonce of the first state that has it. */
  readonly nonce: string
  /** How many bytes it has; undefined if the state does not say. */
  readonly size?: number | undefined
}

/** What the next state is to be. */
export interface Next {
  /** Each of lower-case letters, digits and `-`. @default [] */
  readonly fields?: readonly string[] | undefined
  /** A tombstone. @default false */
  readonly gone?: boolean | undefined
  /** It has the data of the state before, which is not written again. @default false: that data goes */
  readonly keepData?: boolean | undefined
}

/** How many nonces a state remembers: three are enough to recognise a swap after two others. */
const mostRemembered = 3

/**
 * As many as the state before could remember. Where names must be short, one that remembers less than it has seen shows that.
 */
function lineageFrom({ version, nonce, lineage }: State): string[] {
  const all = lineageAfter(nonce, lineage)
  return lineage.length < Math.min(version - 1, mostRemembered) ? all.slice(0, lineage.length) : all
}
const longestBytes = 208

const pattern = new RegExp(
  [
    /^([tx])\.([1-9a-z][0-9a-z]*)\.([0-9a-f]{16})\.([0-9a-f]{16}(?:-[0-9a-f]{16})*|)/,
    /\.(?:([0-9a-z]+-[0-9a-z]+-[0-9a-z]+)(?:-([0-9a-f]{16}))?(?:-([0-9a-z]{1,8}))?)?((?:\.[0-9a-z-]+)*)$/,
  ]
    .map(({ source }) => source)
    .join(''),
)

/** The state that a name spells; undefined if it spells none. */
export function parseState(name: string): State | undefined {
  const [, kind, version, nonce = '', lineage, owner, kept, size, fields = ''] = pattern.exec(name) ?? []
  if (kind === undefined) return undefined
  return {
    gone: kind === 'x',
    version: Number.parseInt(version as string, 36),
    fields: fields.split('.').slice(1),
    nonce,
    lineage: lineage ? lineage.split('-') : [],
    payload: owner ? { owner, nonce: kept ?? nonce, size: size ? Number.parseInt(size, 36) : undefined } : undefined,
  }
}

/** A transition usually begins with the state that the last one has ended with. */
let lastSpelled: State | undefined
let lastName = ''

export function spellState(state: State): string {
  if (state !== lastSpelled) {
    lastName = spell(state)
    lastSpelled = state
  }
  return lastName
}

/** Most states have three. */
const joined = (lineage: readonly string[]): string =>
  lineage.length === mostRemembered ? `${lineage[0]}-${lineage[1]}-${lineage[2]}` : lineage.join('-')

function spell({ gone, version, fields, nonce, lineage, payload }: State): string {
  const kept = payload && payload.nonce !== nonce ? `-${payload.nonce}` : ''
  const size = payload?.size === undefined ? '' : `-${payload.size.toString(36)}`
  const spelled = payload ? payload.owner + kept + size : ''
  const name = `${gone ? 'x' : 't'}.${version.toString(36)}.${nonce}.${joined(lineage)}.${spelled}`
  // Most states have one or two.
  if (fields.length === 2) return `${name}.${fields[0]}.${fields[1]}`
  return fields.length > 0 ? `${name}.${fields.join('.')}` : name
}

/** What a state remembers that comes after the one with this nonce. */
export const lineageAfter = (nonce: string, lineage: readonly string[]): string[] =>
  lineage.length < mostRemembered ? [nonce, ...lineage] : [nonce, lineage[0] as string, lineage[1] as string]

/** The state that comes after `before`, or the first one. `written`: the data that was written for it. */
export function successor(
  before: State | undefined,
  { fields = [], gone = false, keepData = false }: Next,
  nonce: string,
  written?: Omit<PayloadId, 'nonce'>,
): State {
  const lineage = before ? lineageFrom(before) : []
  const kept = keepData ? before?.payload : undefined
  const payload = written ? { ...written, nonce } : kept
  return { gone, version: (before?.version ?? 0) + 1, fields, nonce, lineage, payload }
}

/** A state that is not in the cell yet, and has too long a name there, remembers one less. False: it remembers none. */
export function shorten(state: { lineage: readonly string[] }): boolean {
  const { lineage } = state
  state.lineage = lineage.slice(0, -1)
  return lineage.length > 0
}

/** Is `now` the state `from`, or one that came of it? */
export const descends = (now: State, from: State): boolean =>
  now.nonce === from.nonce || now.lineage.includes(from.nonce)

/** Does the state name this data? If not, no later state will, because each can only keep what the one before it names. */
export const isNaming = (now: State | 'void' | 'absent', { nonce }: PayloadId): boolean =>
  typeof now === 'object' && now.payload?.nonce === nonce

/** The most that all fields together may take: what the rest of the longest name leaves free. */
const longestFields = longestBytes - spellState(longestWithoutFields()).length - '.'.length

function longestWithoutFields(): State {
  const nonce = '0'.repeat(16)
  const lineage = Array<string>(mostRemembered).fill(nonce)
  const payload = { owner: '0'.repeat(30), nonce: '1'.repeat(16), size: 36 ** 7 - 1 }
  return { gone: true, version: 36 ** 9 - 1, fields: [], nonce, lineage, payload }
}

export function checkNext({ fields = [], gone, keepData }: Next): void {
  asFlag(gone, 'next.gone')
  asFlag(keepData, 'next.keepData')
  if (!Array.isArray(fields) || fields.some(field => typeof field !== 'string' || !/^[0-9a-z-]+$/.test(field)))
    throw refusal('ERR_INVALID_ARG_VALUE', 'next.fields', 'strings of lower-case letters, digits and "-"', fields)
  if (fields.join('.').length > longestFields)
    throw refusal(
      'ERR_OUT_OF_RANGE',
      'next.fields',
      `at most ${longestFields} characters in all (put more than that into next.data)`,
      fields,
    )
}
