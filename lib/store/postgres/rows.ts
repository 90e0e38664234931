// A row as a state, and back.

import type { Claim, Draft, Kept } from '../backing.js'
import type { Row } from './client.js'

export type DataOf = Kept['data']

export function keptOf(row: Row, data: DataOf): Kept {
  const lineage = String(row.lineage)
  return {
    id: String(row.id),
    lineage: lineage === '' ? [] : lineage.split(' '),
    kind: row.kind as Kept['kind'],
    version: String(row.version),
    writtenAtMs: Number(row.written),
    staleMs: Number(row.stale),
    claim: claimOf(row),
    endsAtMs: numberOf(row.ends),
    readAtMs: Number(row.seen),
    lastFence: Number(row.last),
    data,
  }
}

/** Has this row an entry that is over? */
export const hasEndedIn = ({ kind, ends, seen }: Row): boolean =>
  kind === 'live' && ends !== null && Number(seen) >= Number(ends)

function claimOf({ owner, fence, lease }: Row): Claim | undefined {
  return owner === null ? undefined : { owner: String(owner), fence: Number(fence), leaseMs: Number(lease) }
}

/** What is there after a commit. */
export function committed({ ends: _, data: __, whileLive: ___, ...to }: Draft, row: Row, data: DataOf): Kept {
  return {
    ...to,
    writtenAtMs: Number(row.written),
    endsAtMs: numberOf(row.ends),
    readAtMs: Number(row.seen),
    lastFence: Number(row.last),
    data,
  }
}

const numberOf = (value: unknown): number | undefined => (value === null ? undefined : Number(value))

/** Bytes as clients return them; some are set up to return the text that Postgres has for them. */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string' && value.startsWith('\\x')) return Buffer.from(value.slice(2), 'hex')
  throw Object.assign(new TypeError('The client does not return bytea as bytes'), { code: 'ERR_INVALID_RETURN_VALUE' })
}
