// States, as the text of the store drafts them and as engines return them.

import { fs, type Steps } from '../core/steps.js'
import type { Draft, Kept } from './backing.js'

/** How many states before itself a state remembers. */
const mostRemembered = 3

/** What the next state is to be, apart from what follows from the state before it. */
export type Next = Pick<Draft, 'kind' | 'ends' | 'data'> & Partial<Pick<Draft, 'staleMs' | 'claim' | 'version'>>

/** What the id of a new state is made of: 64 bits, so none is drawn twice. */
export const newId = (): Steps<Buffer> => fs.random(8)

/** Drafts the state after `from`. Without a `version` it has a new one, and without a `claim` none. */
export function* draft(from: Kept | undefined, next: Next): Steps<Draft> {
  return draftOf(yield* newId(), from, next)
}

/** The same without steps, which cost as much again. */
export function draftOf(drawn: Buffer, from: Kept | undefined, next: Next): Draft {
  const id = drawn.toString('hex')
  const lineage = from ? [from.id, ...from.lineage.slice(0, mostRemembered - 1)] : []
  const { kind, ends, data, version = id, staleMs = 0, claim } = next
  const writtenAtMs = version === from?.version ? from.writtenAtMs : undefined
  return { id, lineage, kind, version, writtenAtMs, ends, staleMs, claim, data }
}

/** The state that a draft has become: for an engine that need not read it again. `data` returns the encoded value. */
export function keptOf(
  { ends, data: _, writtenAtMs, ...rest }: Draft,
  from: Kept | undefined,
  nowMs: number,
  data: Kept['data'],
): Kept {
  const endsAtMs = ends && ('atMs' in ends ? ends.atMs : nowMs + ends.inMs)
  const lastFence = Math.max(rest.claim?.fence ?? 0, lastFenceOf(from))
  return { ...rest, writtenAtMs: writtenAtMs ?? nowMs, endsAtMs, readAtMs: nowMs, lastFence, data }
}

/** The greatest fence of all claims on the key so far. */
export const lastFenceOf = (kept: Kept | undefined): number => Math.max(kept?.claim?.fence ?? 0, kept?.lastFence ?? 0)

/** Is `now` the state with this id, or one that came of it? */
export const descendsFrom = (now: Kept, id: string): boolean => now.id === id || now.lineage.includes(id)
