// The keys of a store, as SCAN finds them. It goes through all keys of a server, those of others too.

import type { Steps } from '../../core/steps.js'
import { ask } from '../remote/ask.js'
import { asReplyBytes, asReplyList, type Send } from './client.js'
import { stateScript } from './scripts.js'
import type { RedisServer } from './server.js'

/** How far it has come. */
export interface Place {
  readonly servers: readonly Send[]
  /** Which of the servers it is at. */
  readonly at: number
  /** What SCAN has returned. */
  readonly cursor: string
  /** SCAN returns a key twice while its table grows or shrinks. */
  readonly seen: Set<string>
}

export interface Found {
  readonly key: string
  /** What the script has returned. */
  readonly reply: readonly unknown[]
}

interface Leaf {
  readonly found: readonly Found[]
  readonly next: Place | undefined
}

/** How many keys a server looks at for one page. */
const perPage = '512'

const begin = '0'

export function* listLeaf(server: RedisServer, prefix: string, from: Place | undefined): Steps<Leaf> {
  const place = from ?? (yield* firstPlace(server))
  const { servers, at, seen } = place
  const pattern = server.names.pattern(prefix)
  const send = servers[at] as Send
  const [cursor, all] = yield* server.look(() => send(['SCAN', place.cursor, 'MATCH', pattern, 'COUNT', perPage]))
  const names: string[] = []
  for (const name of asReplyList(all).map(one => `${asReplyBytes(one)}`)) if (!seen.has(name)) names.push(name)
  for (const name of names) seen.add(name)
  const replies = yield* server.look(() => Promise.all(names.map(name => server.evaluate(stateScript, name))))
  const found = names.map((name, nth) => ({ key: server.names.keyOf(name), reply: asReplyList(replies[nth]) }))
  return { found, next: nextPlace(place, `${asReplyBytes(cursor)}`) }
}

function* firstPlace({ connection, limits }: RedisServer): Steps<Place> {
  const servers = yield* ask(() => connection.servers(), limits.timeoutMs)
  return { servers, at: 0, cursor: begin, seen: new Set() }
}

/** After the last key of a server, SCAN returns the cursor that it begins with. */
function nextPlace(place: Place, cursor: string): Place | undefined {
  if (cursor !== begin) return { ...place, cursor }
  const at = place.at + 1
  return at < place.servers.length ? { ...place, at, cursor } : undefined
}
