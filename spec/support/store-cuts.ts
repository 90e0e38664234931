// The connection to a server is cut at every request of each operation: before the request has gone on, when its reply
// is on the way back, or so that the request arrives late. Each operation is done once, or says that it does not know.

import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from 'holdfast/store'
import type { Cut, CuttingProxy } from './cutting-proxy.js'
import { assert, note } from './kit.js'

interface Operation {
  readonly name: string
  readonly run: (store: Store<number>, key: string) => Promise<{ readonly ok: boolean }>
  /** Is there something before? */
  readonly from: number | undefined
  /** Does the key show that it was done, once? */
  readonly isDone: (store: Store<number>, key: string) => Promise<boolean>
}

const readValue = async (store: Store<number>, key: string) => (await store.get(key))?.value

const operations: readonly Operation[] = [
  {
    name: 'create',
    from: undefined,
    run: (store, key) => store.create(key, 1),
    isDone: async (store, key) => (await readValue(store, key)) === 1,
  },
  {
    name: 'update',
    from: 1,
    run: (store, key) => store.update(key, old => old.value + 1),
    isDone: async (store, key) => {
      const value = await readValue(store, key)
      assert.ok(value === 1 || value === 2, `${value}`)
      return value === 2
    },
  },
  {
    name: 'touch',
    from: 1,
    run: (store, key) => store.touch(key, 60_000),
    isDone: async (store, key) => {
      const entry = await store.get(key)
      assert.is(entry?.value, 1)
      return entry?.gone === false && entry.expires !== undefined
    },
  },
  {
    name: 'remove',
    from: 1,
    run: (store, key) => store.remove(key),
    isDone: async (store, key) => (await readValue(store, key)) === undefined,
  },
]

/** Longer than a late statement takes. */
const lateMs = 100

async function cutAt(at: number, how: Cut, operation: Operation, stores: CutStores, key: string): Promise<string> {
  const { direct, cut, proxy } = stores
  if (operation.from !== undefined) await direct.create(key, operation.from)
  proxy.reset(at, how)
  const outcome = await operation.run(cut, key).then(
    ({ ok }) => (ok ? 'done' : 'refused'),
    (error: NodeJS.ErrnoException) => error,
  )
  const isReached = proxy.requests > at
  proxy.reset()
  if (!isReached) return 'not reached'
  if (how === 'late') await pause(lateMs)
  if (typeof outcome === 'string') {
    assert.is(outcome, 'done')
    assert.ok(await operation.isDone(direct, key), `${operation.name} said that it was done`)
    return 'done'
  }
  assert.is(outcome.code, 'ERR_UNKNOWN_OUTCOME', `${operation.name}, ${how} ${at}: ${outcome.stack}`)
  const confirmed = await direct.confirm(outcome)
  assert.is(confirmed, (await operation.isDone(direct, key)) ? 'done' : 'not done', `${operation.name}, ${how} ${at}`)
  return `confirmed: ${confirmed}`
}

export interface CutStores {
  /** Past the proxy. */
  readonly direct: Store<number>
  /** Through it. */
  readonly cut: Store<number>
  readonly proxy: CuttingProxy
}

/** Cuts at the first request of each operation, at the second, and so on, until there is none. */
export async function cutEverywhere(stores: CutStores): Promise<void> {
  const seen: Record<string, number> = {}
  for (const operation of operations)
    for (const how of ['request', 'reply', 'late'] as const)
      for (let at = 0; ; at++) {
        const became = await cutAt(at, how, operation, stores, `${operation.name}-${how}-${at}`)
        if (became === 'not reached') break
        seen[`${operation.name}: ${became}`] = (seen[`${operation.name}: ${became}`] ?? 0) + 1
      }
  note(JSON.stringify(seen))
  // Each has a request that reads and one that writes, and each was cut in three ways.
  for (const { name } of operations) assert.ok((seen[`${name}: done`] ?? 0) >= 3)
}
