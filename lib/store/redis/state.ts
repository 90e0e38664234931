// The state of a key, as Redis keeps it: `<id> <ends> <written> <the other words>` (../state-text.ts).

import type { Kept } from '../backing.js'
import { storeFormat } from '../format.js'
import { parseState } from '../state-text.js'

const format = 1
const never = '-'

/** Throws if the text is not that of a state. `data` returns its value. */
export function stateIn(bytes: Buffer, key: string, readAtMs: number, data: Kept['data']): Kept {
  const text = bytes.toString('latin1')
  const afterId = text.indexOf(' ')
  const afterEnds = text.indexOf(' ', afterId + 1)
  const ends = text.slice(afterId + 1, afterEnds)
  const endsAtMs = ends === never ? undefined : Number(ends)
  const kept = parseState(text.slice(0, afterId), text.slice(afterEnds + 1), endsAtMs, readAtMs, data)
  if (!kept) throw foreignFormat(key, text)
  return kept
}

export const foreignFormat = (key: string, found = 'none of a store'): Error =>
  Object.assign(storeFormat(`the key ${JSON.stringify(key)}`, found, format), { key })
