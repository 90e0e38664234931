// The connection to Postgres is cut at every statement of each operation: before the statement has gone on, when its reply is on
// the way back, or so that the statement arrives late. Each operation is done once, or says that it does not know.

import { setTimeout as pause } from 'node:timers/promises'
import { postgresStore } from 'holdfast/postgres'
import type { Store } from 'holdfast/store'
import { type Cut, type CuttingProxy, startProxy } from '../../support/cutting-proxy.js'
import { assert, holds, note } from '../../support/kit.js'
import { noPostgresStore, postgresClients } from '../../support/postgres-clients.js'
import { startPostgres } from '../../support/postgres-server.js'

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

async function cutAt(at: number, how: Cut, operation: Operation, stores: Stores, key: string): Promise<string> {
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

interface Stores {
  readonly direct: Store<number>
  readonly cut: Store<number>
  readonly proxy: CuttingProxy
}

for (const one of postgresClients.filter(({ name }) => name !== 'pg Client')) {
  const title = `${one.name}: wherever the connection is cut, each operation is done once, or confirm tells`
  if (noPostgresStore) holds.skip(title, noPostgresStore)
  else
    holds(title, async () => {
      const server = await startPostgres()
      const proxy = await startProxy(server.port)
      const near = await one.connect(server.connection)
      const far = await one.connect({ ...server.connection, port: proxy.port }, 1)
      const direct = postgresStore<number>(near.client)
      const cut = postgresStore<number>(far.client, { timeout: 10_000 })
      await direct.get('opened')
      await cut.get('opened')
      const seen: Record<string, number> = {}
      try {
        for (const operation of operations)
          for (const how of ['request', 'reply', 'late'] as const)
            for (let at = 0; ; at++) {
              const key = `${operation.name}-${how}-${at}`
              const became = await cutAt(at, how, operation, { direct, cut, proxy }, key)
              if (became === 'not reached') break
              seen[`${operation.name}: ${became}`] = (seen[`${operation.name}: ${became}`] ?? 0) + 1
            }
        note(JSON.stringify(seen))
        // Each has a statement that reads and one that writes, and each was cut in three ways.
        for (const { name } of operations) assert.ok((seen[`${name}: done`] ?? 0) >= 3)
      } finally {
        await far.close().catch(() => {})
        await near.close()
        await proxy.close()
        await server.stop()
      }
    })
}
