// How a cell's state is spelt as the name of a file (../cell.ts):
// `<t|x>.<version>.<nonce>.<lineage>.<payload>.<fields ...>`, in lower-case letters and digits, so that no filesystem
// takes two of them for one.

import { refusal } from '../core/input.js'

/** What a cell is, at a moment. */
export interface State {
  /** It is a tombstone: deleted, and remembered for a while. */
  readonly gone: boolean
  /** 1 for the first in the life of a cell; every swap adds one. */
  readonly version: number
  /** Whatever the caller keeps in it. */
  readonly fields: readonly string[]
  /** Never drawn twice, so a state is never mistaken for another. */
  readonly nonce: string
  /** The nonces of the states before it, the nearest first: whoever is told that his swap failed finds out here. */
  readonly lineage: readonly string[]
  /** Who wrote its payload, if it has one. */
  readonly writer: string | undefined
}

/** What the next state shall be. */
export interface Next {
  /** Each of lower-case letters, digits and `-`. @default [] */
  readonly fields?: readonly string[] | undefined
  /** A tombstone. @default false */
  readonly gone?: boolean | undefined
}

/** Three are enough to be sure of what became of a swap after two others. */
const remembered = 3
const longestBytes = 200

const pattern =
  /^([tx])\.([1-9a-z][0-9a-z]*)\.([0-9a-f]{16})\.([0-9a-f]{16}(?:-[0-9a-f]{16})*|)\.([0-9a-z-]*)((?:\.[0-9a-z-]+)*)$/

/** Undefined if it is no name of ours. */
export function parse(name: string): State | undefined {
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

export function spell({ gone, version, fields, nonce, lineage, writer }: State): string {
  return [gone ? 'x' : 't', version.toString(36), nonce, lineage.join('-'), writer ?? '', ...fields].join('.')
}

/** The state that comes after `before`, or the first. */
export function successor(
  before: State | undefined,
  { fields = [], gone = false }: Next,
  nonce: string,
  writer?: string,
): State {
  const lineage = before ? [before.nonce, ...before.lineage].slice(0, remembered) : []
  return { gone, version: (before?.version ?? 0) + 1, fields, nonce, lineage, writer }
}

/** Is it this state, or did it come of it? */
export const descends = (now: State, from: State): boolean =>
  now.nonce === from.nonce || now.lineage.includes(from.nonce)

/** The longest that the fields may be, all in all: what is left of a name beside the rest of it. */
const longestFields =
  longestBytes - spell(successor(undefined, {}, '0'.repeat(16), '0'.repeat(40))).length - 17 * remembered - 10

export function checkNext({ fields = [] }: Next): void {
  if (!Array.isArray(fields) || fields.some(field => typeof field !== 'string' || !/^[0-9a-z-]+$/.test(field)))
    throw refusal('ERR_INVALID_ARG_VALUE', 'next.fields', 'strings of lower-case letters, digits and "-"', fields)
  if (fields.join('.').length > longestFields)
    throw refusal(
      'ERR_OUT_OF_RANGE',
      'next.fields',
      `at most ${longestFields} characters in all: give data for more`,
      fields,
    )
}
