// A state as text, words with blanks between them:
// `<id> <ends> <kind> <version> <stale> <fence> <lease> <owner> <lineage>`, where `-` stands for nothing.

import type { Draft, Kept } from '../backing.js'
import { storeFormat } from '../format.js'
import { lastFenceOf } from '../kept.js'

const format = 1
const none = '-'
const wordsOfState = 9

/** All but the first two words, which the server writes. */
export function spellRest(to: Draft, from: Kept | undefined): string {
  const { kind, version, staleMs, claim, lineage } = to
  const fence = Math.max(claim?.fence ?? 0, lastFenceOf(from))
  const words = [kind, version, staleMs, fence, claim?.leaseMs ?? none, claim?.owner ?? none, spellIds(lineage)]
  return words.join(' ')
}

export const spellIds = (ids: readonly string[]): string => ids.join(',') || none

/** Returns the state; `data` returns its value. */
export function parseState(text: string, key: string, readAtMs: number, data: Kept['data']): Kept {
  const words = text.split(' ')
  if (words.length !== wordsOfState) throw foreignFormat(key, text)
  const [id = '', ends, kind, version = '', stale, fence, lease, owner = '', lineage = ''] = words
  return {
    id,
    lineage: lineage === none ? [] : lineage.split(','),
    kind: kind as Kept['kind'],
    version,
    endsAtMs: ends === none ? undefined : Number(ends),
    staleMs: Number(stale),
    claim: owner === none ? undefined : { owner, fence: Number(fence), leaseMs: Number(lease) },
    readAtMs,
    lastFence: Number(fence),
    data,
  }
}

export const foreignFormat = (key: string, found = 'none of a store'): Error =>
  Object.assign(storeFormat(`the key ${JSON.stringify(key)}`, found, format), { key })
