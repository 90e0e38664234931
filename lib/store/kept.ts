// States, as the text of the store drafts them and as engines return them.

import { lineageAfter } from '../cell/state.js'
import { fs, type Steps } from '../core/steps.js'
import type { Draft, Kept } from './backing.js'

/** What the next state is to be, apart from what follows from the state before it. */
export type Next = Pick<Draft, 'kind' | 'ends' | 'data'> &
  Partial<Pick<Draft, 'staleMs' | 'claim' | 'version' | 'whileLive'>>

/** An id has 64 bits, so none is drawn twice. */
const idBytes = 8
const idsAtOnce = 8

/** Ids of new states. To draw and spell each by itself would take as long as all else of a quick change. */
export class Ids {
  #drawn = ''
  #at = 0

  /** The next one; undefined if more must be drawn. */
  next(): string | undefined {
    const from = this.#at
    if (from >= this.#drawn.length) return undefined
    this.#at = from + 2 * idBytes
    return this.#drawn.slice(from, this.#at)
  }

  *draw(): Steps<string> {
    const drawn = (yield* fs.random(idBytes * idsAtOnce)).toString('hex')
    this.#drawn = drawn
    this.#at = 2 * idBytes
    return drawn.slice(0, this.#at)
  }
}

/** Drafts the state after `from`. Without a `version` it has a new one, and without a `claim` none. */
export function* draft(from: Kept | undefined, next: Next): Steps<Draft> {
  return draftOf((yield* fs.random(idBytes)).toString('hex'), from, next)
}

/** The same without steps, which cost as much again. */
export function draftOf(id: string, from: Kept | undefined, next: Next): Draft {
  const lineage = from ? lineageAfter(from.id, from.lineage) : []
  const { kind, ends, data, version = id, staleMs = 0, claim } = next
  const writtenAtMs = version === from?.version ? from.writtenAtMs : undefined
  // What never ends need not be looked at again.
  const whileLive = next.whileLive === true && from?.endsAtMs !== undefined
  return { id, lineage, kind, version, writtenAtMs, ends, staleMs, claim, data, whileLive }
}

/** The state that a draft has become: for an engine that need not read it again. `data` returns the encoded value. */
export function keptOf(to: Draft, from: Kept | undefined, nowMs: number, data: Kept['data']): Kept {
  const { id, lineage, kind, version, ends, staleMs, claim, writtenAtMs = nowMs } = to
  const endsAtMs = ends && ('atMs' in ends ? ends.atMs : nowMs + ends.inMs)
  const lastFence = Math.max(claim?.fence ?? 0, lastFenceOf(from))
  return { id, lineage, kind, version, writtenAtMs, endsAtMs, staleMs, claim, readAtMs: nowMs, lastFence, data }
}

/** The greatest fence of all claims on the key so far. */
export const lastFenceOf = (kept: Kept | undefined): number => Math.max(kept?.claim?.fence ?? 0, kept?.lastFence ?? 0)

/** Is `now` the state with this id, or one that came of it? */
export const descendsFrom = (now: Kept, id: string): boolean => now.id === id || now.lineage.includes(id)
