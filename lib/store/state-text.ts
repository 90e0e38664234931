// A state as text, for engines that keep it in one piece: `<written> <kind> <version> <stale> <fence> <lease> <owner> <lineage>`,
// where `-` stands for nothing. The id and the end stand apart from it, because engines compare the one and calculate the other;
// and an engine with a clock of its own puts the time of writing before the rest.

import type { Draft, Kept } from './backing.js'
import { lastFenceOf } from './kept.js'

const none = '-'
const wordsOfState = 8

/** All but the time of writing. */
export function spellState({ kind, version, staleMs, claim, lineage }: Draft, from: Kept | undefined): string {
  const fence = Math.max(claim?.fence ?? 0, lastFenceOf(from))
  const claimed = claim ? `${claim.leaseMs} ${claim.owner}` : `${none} ${none}`
  return `${kind} ${version} ${staleMs} ${fence} ${claimed} ${spellIds(lineage)}`
}

export const spellIds = (ids: readonly string[]): string => ids.join(',') || none

/** Returns undefined if the text is not that of a state. `data` returns the value. */
export function parseState(
  id: string,
  text: string,
  endsAtMs: number | undefined,
  readAtMs: number,
  data: Kept['data'],
): Kept | undefined {
  const words = text.split(' ')
  if (words.length !== wordsOfState) return undefined
  const [written, kind, version = '', stale, fence, lease, owner = '', lineage = ''] = words
  return {
    id,
    lineage: lineage === none ? [] : lineage.split(','),
    kind: kind as Kept['kind'],
    version,
    writtenAtMs: Number(written),
    endsAtMs,
    staleMs: Number(stale),
    claim: owner === none ? undefined : { owner, fence: Number(fence), leaseMs: Number(lease) },
    readAtMs,
    lastFence: Number(fence),
    data,
  }
}
