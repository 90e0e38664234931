// Records as they are written: each with a line end, and as many in one write as is sensible.

import { asBytes, refusal } from '../core/input.js'
import { lineEnd, tornMark } from '../parts/torn-lines.js'

export type LineRecord = string | NodeJS.ArrayBufferView

/** Some whole records, which one call writes. */
export interface Batch {
  readonly bytes: Uint8Array
  readonly count: number
}

/** Small enough to take only milliseconds. A longer record is written alone, in one call as well. */
const batchBytes = 1024 * 1024

export function asBatches(records: unknown, encoding: BufferEncoding): Batch[] {
  if (!Array.isArray(records)) return [batchOf([asLine(records, encoding)])]
  const batches: Batch[] = []
  let open: Uint8Array[] = []
  let size = 0
  for (const record of records) {
    const line = asLine(record, encoding)
    if (open.length > 0 && size + line.length > batchBytes) {
      batches.push(batchOf(open))
      open = []
      size = 0
    }
    open.push(line)
    size += line.length
  }
  if (open.length > 0) batches.push(batchOf(open))
  return batches
}

const batchOf = (lines: readonly Uint8Array[]): Batch => ({
  bytes: lines.length === 1 ? (lines[0] as Uint8Array) : Buffer.concat(lines),
  count: lines.length,
})

/** A record with its line end. It is a copy, so the caller may change a view as soon as the call was made. */
function asLine(record: unknown, encoding: BufferEncoding): Uint8Array {
  const line =
    typeof record === 'string'
      ? Buffer.from(`${record}\n`, encoding)
      : Buffer.concat([asBytes(record, 'records'), Uint8Array.of(lineEnd)])
  const end = line.indexOf(lineEnd)
  if (end === 0) throw refusal('ERR_INVALID_ARG_VALUE', 'records', 'records that are not empty', record)
  if (end !== line.length - 1)
    throw refusal('ERR_INVALID_ARG_VALUE', 'records', 'records without line ends: each is one line', record)
  if (line[end - 1] === tornMark)
    throw refusal('ERR_INVALID_ARG_VALUE', 'records', 'records that do not end with CAN (0x18)', record)
  return line
}
