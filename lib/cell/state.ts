// How a cell's state is spelled as the name of a file, the token (../cell.ts):
// `<t|x>.<version>.<nonce>.<lineage>.<writer>.<fields ...>`, in lower-case letters and digits, so that no filesystem
// takes two states for one.

import { refusal } from '../core/input.js'

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
  /** The owner that wrote the payload, if the state has one. */
  readonly writer: string | undefined
}

/** What the next state is to be. */
export interface Next {
  /** Each of lower-case letters, digits and `-`. @default [] */
  readonly fields?: readonly string[] | undefined
  /** A tombstone. @default false */
  readonly gone?: boolean | undefined
}

/** How many nonces a state remembers: three are enough to recognise a swap after two others. */
const mostRemembered = 3
const longestBytes = 200

const pattern =
  /^([tx])\.([1-9a-z][0-9a-z]*)\.([0-9a-f]{16})\.([0-9a-f]{16}(?:-[0-9a-f]{16})*|)\.([0-9a-z-]*)((?:\.[0-9a-z-]+)*)$/

/** The state that a name spells; undefined if it spells none. */
export function parseState(name: string): State | undefined {
  const [, kind, version, nonce = '', lineage, writer, fields = ''] = pattern.exec(name) ?? []
  if (kind === undefined) return undefined
  return {
    gone: kind === 'x',
    version: Number.parseInt(version as string, 36),
    fields: fields.split('.').slice(1),
    nonce,
    lineage: lineage ? lineage.split('-') : [],
    writer: writer || undefined,
  }
}

export function spellState({ gone, version, fields, nonce, lineage, writer }: State): string {
  return [gone ? 'x' : 't', version.toString(36), nonce, lineage.join('-'), writer ?? '', ...fields].join('.')
}

/** The state that comes after `before`, or the first one. */
export function successor(
  before: State | undefined,
  { fields = [], gone = false }: Next,
  nonce: string,
  writer?: string,
): State {
  const lineage = before ? [before.nonce, ...before.lineage].slice(0, mostRemembered) : []
  return { gone, version: (before?.version ?? 0) + 1, fields, nonce, lineage, writer }
}

/** Is `now` the state `from`, or one that came of it? */
export const descends = (now: State, from: State): boolean =>
  now.nonce === from.nonce || now.lineage.includes(from.nonce)

/** The most that all fields together may take: what the rest of the longest name leaves free. */
const longestFields =
  longestBytes - spellState(successor(undefined, {}, '0'.repeat(16), '0'.repeat(40))).length - 17 * mostRemembered - 10

export function checkNext({ fields = [] }: Next): void {
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
