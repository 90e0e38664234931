// How a faster store keeps a copy of a value: a head, one line of JSON, and then the bytes. The head says which state of the
// slowest store it is a copy of, and when that was read.

import type { Kept } from '../backing.js'
import { just } from '../just.js'

/** What a copy says of the state that it is of. All times are of the slowest store's clock. */
type Head = Pick<
  Kept,
  'id' | 'lineage' | 'version' | 'writtenAtMs' | 'endsAtMs' | 'staleMs' | 'lastFence' | 'readAtMs'
> & {
  /** For how long (ms) the copy was to be kept when it was made; undefined: for ever. */
  readonly forMs: number | undefined
}

/** A state that a copy was read of. */
export interface Copied {
  readonly kept: Kept
  /** For how long (ms) it may yet be returned. */
  readonly leftMs: number
}

const newline = 0x0a

export function spellCopy(of: Kept, bytes: Uint8Array, forMs: number): Buffer {
  const { id, lineage, version, writtenAtMs, endsAtMs, staleMs, lastFence, readAtMs } = of
  const head: Head = {
    ...{ id, lineage, version, writtenAtMs, endsAtMs, staleMs, lastFence, readAtMs },
    forMs: forMs === Number.POSITIVE_INFINITY ? undefined : forMs,
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes])
}

/** Reads a copy that is in the state `at` of a faster store. Undefined: that is not what `spellCopy` has spelled. */
export function readCopy(at: Kept, data: Uint8Array): Copied | undefined {
  const end = data.indexOf(newline)
  const head = parseHead(Buffer.from(data.buffer, data.byteOffset, Math.max(0, end)).toString())
  if (!head) return undefined
  const { forMs, ...rest } = head
  // By the faster store's own clock.
  const leftMs = at.endsAtMs === undefined ? Number.POSITIVE_INFINITY : at.endsAtMs - at.readAtMs
  const readAtMs = head.readAtMs + (forMs === undefined ? 0 : Math.max(0, forMs - leftMs))
  const bytes = data.subarray(end + 1)
  const endsAtMs = head.endsAtMs ?? undefined
  const kept: Kept = { ...rest, kind: 'live', claim: undefined, endsAtMs, readAtMs, data: () => just(() => bytes) }
  return { kept, leftMs }
}

function parseHead(text: string): Head | undefined {
  try {
    const head = JSON.parse(text) as Head
    return typeof head.id === 'string' && Array.isArray(head.lineage) ? head : undefined
  } catch {
    return undefined
  }
}
