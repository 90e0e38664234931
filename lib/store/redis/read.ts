// How a key is read. Redis removes a key when it ends, so what is there has not ended, and a plain command is enough: it
// takes a third of the time of a script. A state that is kept for longer than its value is read together with the clock.

import type { Steps } from '../../core/steps.js'
import type { Kept } from '../backing.js'
import { just } from '../just.js'
import { asReplyBytes } from './client.js'
import { readScript } from './scripts.js'
import type { RedisServer } from './server.js'
import { foreignFormat, stateIn } from './state.js'

export function* readKey(server: RedisServer, key: string): Steps<Kept | undefined> {
  const { clock, connection, names } = server
  const name = names.of(key)
  if (clock.isKnown) {
    const [words, value] = yield* server.look(() => connection.send(['HMGET', name, 's', 'v'], name))
    const kept = keptIn(key, words, value, clock.nowMs)
    if (!kept || kept.endsAtMs === undefined) return kept
    // What the clock says is not known to the millisecond, but that the end has not come is.
    if (kept.staleMs === 0 && !kept.claim) return { ...kept, readAtMs: Math.min(kept.readAtMs, kept.endsAtMs - 1) }
  }
  const [nowMs, words, value] = yield* server.look(() => server.evaluate(readScript, name))
  return keptIn(key, words, value, clock.heard(nowMs))
}

function keptIn(key: string, words: unknown, value: unknown, nowMs: number): Kept | undefined {
  const state = asReplyBytes(words)
  const bytes = asReplyBytes(value)
  if (state) return stateIn(state, key, nowMs, () => just(() => bytes ?? nothing))
  if (bytes) throw foreignFormat(key)
  return undefined
}

const nothing = new Uint8Array(0)
