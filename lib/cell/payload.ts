// The data of a state that is too large for a name (./state.ts) is a payload: a file beside the cell, named
// `.<cell>.<owner>.<nonce>.payload.holdfast`. It is written before the state that names it, and never changed. The call
// that consumes that state removes it.

import { basename } from 'node:path'
import { type Durability, refusal } from '../core/input.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { discard } from '../parts/cleanup.js'
import { writeAll } from '../parts/durable.js'
import { namingOnly } from '../parts/public-names.js'
import { closingWritten } from '../parts/stage.js'
import { mark, siblingName } from '../parts/stage-names.js'
import type { State } from './state.js'

/** The path of the payload of that state. */
export const payloadOf = (cell: string, { writer, nonce }: State): string =>
  siblingName(cell, `.${writer}.${nonce}.payload.${mark}`)

/** What the name of a payload says: of which cell it is, who wrote it, and for which state. */
export interface Payload {
  readonly cell: string
  readonly owner: string
  readonly nonce: string
}

/** Returns undefined if the name is not that of a payload. */
export function parsePayload(name: Path): Payload | undefined {
  const pattern = /^\.(.*)\.([a-z0-9]+-[a-z0-9]+-[a-z0-9]+)\.([0-9a-f]{16})\.payload\.holdfast$/s
  const [, cell, owner, nonce] = pattern.exec(name.toString()) ?? []
  return cell && owner && nonce ? { cell, owner, nonce } : undefined
}

/** The name of a longer cell would be cut short in that of its payload, which then says nothing about whose it is. */
const longestCellBytes = 180

export function checkCellName(cell: string): void {
  if (Buffer.byteLength(basename(cell)) > longestCellBytes)
    throw refusal('ERR_OUT_OF_RANGE', 'dir', `a name of at most ${longestCellBytes} bytes if it has data`, cell)
}

/** Writes the payload of that state. */
export function* writePayload(cell: string, state: State, data: Uint8Array, durability: Durability): Steps<void> {
  const path = payloadOf(cell, state)
  try {
    const fd = yield* fs.open(path, 'wx')
    yield* closingWritten(fd, durability !== 'none', () => writeAll(fd, data, durability))
  } catch (error) {
    throw namingOnly(error, path, cell)
  }
}

/** Best effort: removes the payload of a state that was consumed, or that never came to be. */
export function* removePayload(cell: string, state: State | undefined): Steps<void> {
  if (state?.writer !== undefined) yield* discard(() => fs.unlink(payloadOf(cell, state)))
}
