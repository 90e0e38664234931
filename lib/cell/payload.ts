// What is too large for a name (./token.ts): a file beside the cell, `.<cell>.<owner>.<nonce>.payload`. It is written
// before the state that names it, and never changed; whoever consumes that state takes it away.

import { basename } from 'node:path'
import { type Durability, refusal } from '../core/input.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { tidy } from '../parts/cleanup.js'
import { writeAll } from '../parts/durable.js'
import { closing } from '../parts/stage.js'
import { siblingName } from '../parts/stage-names.js'
import type { State } from './state.js'

/** The payload of a cell in that state. */
export const payloadOf = (cell: string, { writer, nonce }: State): string =>
  siblingName(cell, `.${writer}.${nonce}.payload`)

/** Of which cell, by whom, and for which of its states. */
export interface Payload {
  readonly cell: string
  readonly owner: string
  readonly nonce: string
}

/** Undefined if the name is none of a payload. */
export function asPayload(name: Path): Payload | undefined {
  const pattern = /^\.(.*)\.([a-z0-9]+-[a-z0-9]+-[a-z0-9]+)\.([0-9a-f]{16})\.payload$/s
  const [, cell, owner, nonce] = pattern.exec(name.toString()) ?? []
  return cell && owner && nonce ? { cell, owner, nonce } : undefined
}

/** A name that is cut short would not tell which cell it belongs to. */
const longestCellBytes = 180

export function checkCellName(cell: string): void {
  if (Buffer.byteLength(basename(cell)) > longestCellBytes)
    throw refusal('ERR_OUT_OF_RANGE', 'dir', `a name of at most ${longestCellBytes} bytes if it has data`, cell)
}

export function* writePayload(path: string, data: Uint8Array, durability: Durability): Steps<void> {
  const fd = yield* fs.open(path, 'wx')
  yield* closing(fd, () => writeAll(fd, data, durability))
}

/** The state is consumed, or never was: nobody will ask for its payload. */
export function* removePayload(cell: string, state: State | undefined): Steps<void> {
  if (state?.writer !== undefined) yield* tidy(fs.unlink(payloadOf(cell, state)))
}
