// The data of a state that is too large for a name (./state.ts) is a payload: a file beside the cell, named
// `.<cell>.<owner>.<nonce>.payload.holdfast`. It is written before the first state that names it, and never changed. The
// call that replaces or drops it, with the last state that names it, removes it.

import { basename } from 'node:path'
import { type Durability, refusal } from '../core/input.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { discard, tidy } from '../parts/cleanup.js'
import { writeAll } from '../parts/durable.js'
import { namingOnly } from '../parts/public-names.js'
import { closingWritten } from '../parts/stage.js'
import { mark, siblingName } from '../parts/stage-names.js'
import type { PayloadId } from './state.js'

/** Its path. */
export const payloadOf = (cell: string, { owner, nonce }: PayloadId): string =>
  siblingName(cell, `.${owner}.${nonce}.payload.${mark}`)

/** What the name of a payload says: of which cell it is, and which. */
export interface Payload extends PayloadId {
  readonly cell: string
}

/** Returns undefined if the name is not that of a payload. */
export function parsePayload(name: Path): Payload | undefined {
  const pattern = /^\.(.*)\.([a-z0-9]+-[a-z0-9]+-[a-z0-9]+)\.([0-9a-f]{16})\.payload\.holdfast$/s
  const [, cell, owner, nonce] = pattern.exec(name.toString()) ?? []
  return cell && owner && nonce ? { cell, owner, nonce } : undefined
}

/** The name of a longer cell would be cut short in that of its payload, which then says nothing about whose it is. */
const longestCellBytes = 180

export const hasLongName = (cell: string): boolean => Buffer.byteLength(basename(cell)) > longestCellBytes

export function checkCellName(cell: string): void {
  if (hasLongName(cell))
    throw refusal('ERR_OUT_OF_RANGE', 'dir', `a name of at most ${longestCellBytes} bytes if it has data`, cell)
}

export function* writePayload(cell: string, id: PayloadId, data: Uint8Array, durability: Durability): Steps<void> {
  const path = payloadOf(cell, id)
  try {
    const fd = yield* fs.open(path, 'wx')
    yield* closingWritten(fd, durability !== 'none', () => writeAll(fd, data, durability))
  } catch (error) {
    throw namingOnly(error, path, cell)
  }
}

/** For more than this no memory is set aside because a name says so. */
const mostAtOnce = 2 ** 27

/** Returns all of a payload. What is there in its place, as after a power cut, may have another size than it should. */
export function* readPayload(cell: string, id: PayloadId): Steps<Buffer> {
  const path = payloadOf(cell, id)
  const { size = Number.POSITIVE_INFINITY } = id
  try {
    if (size > mostAtOnce) return yield* fs.readFile(path)
    const fd = yield* fs.open(path, 'r nofollow')
    let got: number
    // One byte more shows in the same call that there is no more.
    const into = Buffer.allocUnsafe(size + 1)
    try {
      got = yield* fs.read(fd, into, 0)
    } finally {
      yield* tidy(fs.close(fd))
    }
    return got === size ? into.subarray(0, size) : yield* fs.readFile(path)
  } catch (error) {
    throw namingOnly(error, path, cell)
  }
}

/** Best effort: removes a payload that no state names any more, or ever will. */
export function* removePayload(cell: string, id: PayloadId | undefined): Steps<void> {
  if (id) yield* discard(() => fs.unlink(payloadOf(cell, id)))
}
