// A store in Postgres, through each client: the contract, and what is of Postgres alone. Cut connections and races are
// in ./postgres/.

import { setTimeout as pause } from 'node:timers/promises'
import { type PostgresStoreOptions, postgresStore } from 'holdfast/postgres'
import type { Entry, Store } from 'holdfast/store'
import { storeContract } from 'holdfast/testing'
import { clock as now } from '../../lib/store/postgres/statements.js'
import { nameOf, rangeOf } from '../../lib/store/postgres/table.js'
import { afterwards, allAtOnce, assert, holds, note, sized } from '../support/kit.js'
import { assertEndedStaysEnded } from '../support/late-changes.js'
import { eventually } from '../support/left.js'
import { type Client, noPostgresStore, type PostgresClient, postgresClients } from '../support/postgres-clients.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'

/** One server for all tests of this file that do not harm it. */
let shared: Promise<PostgresServer> | undefined
const server = (): Promise<PostgresServer> => {
  shared ??= startPostgres()
  return shared
}

const connected = new Map<string, Promise<Client>>()
/** One client of each kind, which the tests share. */
function clientOf(one: PostgresClient): Promise<Client> {
  const made = connected.get(one.name) ?? server().then(({ connection }) => one.connect(connection))
  connected.set(one.name, made)
  return made
}

const single = postgresClients.find(({ name }) => name === 'pg Client') as PostgresClient

/** Declares a test for each of the clients. */
function each(name: string, body: (client: Client, table: string, one: PostgresClient) => unknown): void {
  for (const one of postgresClients) {
    const title = `${one.name}: ${name}`
    if (noPostgresStore) holds.skip(title, noPostgresStore)
    else holds(title, async () => body(await clientOf(one), `t${tables++}`, one))
  }
}
let tables = 0

const stored = <T>({ client }: Client, table: string, options?: PostgresStoreOptions<T>): Store<T> =>
  postgresStore<T>(client, { table, ...options })

// A single connection is like a pool of one.
for (const one of postgresClients.filter(({ name }) => sized(name !== 'pg Client', true))) {
  const lines = storeContract(
    async (place, options) => stored(await clientOf(one), `${one.name}-${place}`, { timeout: 60_000, ...options }),
    {
      unit: 600,
      forms: ['promise'],
    },
  )
  // At once, because they usually wait.
  const result = allAtOnce(lines.map(({ run }) => run))
  for (const [at, { name }] of lines.entries()) {
    const title = `${one.name}: ${name}`
    if (noPostgresStore) holds.skip(title, noPostgresStore)
    else holds(title, () => result(at))
  }
}

each('bad input is refused, and nothing is sent', ({ client }) => {
  const refuses = (code: string | RegExp, one: unknown, options: unknown) =>
    assert.throws(
      () => postgresStore(one as never, options as never),
      typeof code === 'string' ? { code } : { message: /listener/ },
    )
  for (const one of [undefined, null, {}, 'postgres://localhost', { query: 1 }])
    refuses('ERR_INVALID_ARG_TYPE', one, {})
  refuses('ERR_INVALID_ARG_TYPE', client, null)
  refuses('ERR_INVALID_ARG_TYPE', client, { table: 1 })
  for (const table of ['', 'a.b.c', '.a', 'a\0', 'x'.repeat(64)]) refuses('ERR_INVALID_ARG_VALUE', client, { table })
  refuses('ERR_INVALID_ARG_VALUE', client, { prefix: 'p' })
  refuses('ERR_INVALID_ARG_TYPE', client, { listener: {} })
  // A pool hears nothing, and a connection that listens has to be one of its own.
  if (!('listen' in client)) refuses(/^/, client, { listener: client })
  refuses('ERR_OUT_OF_RANGE', client, { timeout: 0 })
})

each('what has ended stays so, whatever change was under way meanwhile', (client, table) =>
  assertEndedStaysEnded(stored(client, table, { timeout: 60_000 }), 600),
)

each('one that reads waits for a change that has found the entry in time', async (client, table, one) => {
  const store = stored<number>(client, table)
  const other = await single.connect((await server()).connection)
  try {
    await other.run('BEGIN')
    // Long enough for the next call, also on a busy machine.
    const { entry } = await store.create('k', 1, { ttl: 1_500 })
    await other.run(`UPDATE "${table}" SET id = 'another', ends = ends + 1e6 WHERE name = 'k' AND ends > ${now}`)
    await pause(((entry as Entry<number>).expires as number) - Date.now() + 50)
    // What it says must hold from then on.
    const found = store.get('k')
    await pause(200)
    await other.run('COMMIT')
    assert.is((await found)?.value, 1, one.name)
  } finally {
    await other.close()
  }
})

each('the sync form is refused before anything is sent', async (client, table) => {
  const store = stored<number>(client, table)
  for (const call of [() => store.create.sync('k', 1), () => store.get.sync('k'), () => [...store.keys()]])
    assert.throws(call, { code: 'ERR_INVALID_RETURN_VALUE', message: /sync form/ })
  const [{ found } = {}] = await client.run(`SELECT count(*)::int AS found FROM pg_tables WHERE tablename = '${table}'`)
  assert.is(found, 0)
})

each('a table of another format, or of something else, is refused, and left as it is', async (client, table) => {
  await stored(client, table).create('k', 1)
  await client.run(`UPDATE ${table} SET version = '2' WHERE kind = 'format'`)
  await assert.rejects(stored(client, table).get('k'), { code: 'ERR_STORE_FORMAT', message: /is 2, .* format 1/ })
  await client.run(`CREATE TABLE ${table}_other (id int)`)
  await assert.rejects(stored(client, `${table}_other`).create('k', 1), { code: 'ERR_STORE_FORMAT' })
  await assert.rejects(stored(client, `nowhere.${table}`).create('k', 1), {
    message: /schema "nowhere" does not exist/,
  })
})

each('the table is made once, also by twenty stores at the same moment', async (client, table, one) => {
  const { connection } = await server()
  const many = await Promise.all(Array.from({ length: 5 }, () => one.connect(connection)))
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      stored<number>(many[at % 5] as Client, `public.Odd "${table}`).create('k', at),
    ),
  )
  assert.is(made.filter(({ ok }) => ok).length, 1)
  await Promise.all(many.map(({ close }) => close()))
  assert.ok((await stored(client, `Odd "${table}`).get('k')) !== undefined)
})

each('any key can be stored, and is listed by each of its beginnings', async (client, table) => {
  const store = stored<number>(client, table)
  const long = ['x'.repeat(4096), `${'x'.repeat(4095)}y`, '☃'.repeat(1365), `${'x'.repeat(1000)}`, 'x'.repeat(1001)]
  const keys = [
    'a',
    'A',
    'é',
    'e\u0301',
    '\0',
    '\0\0',
    'a\0b',
    '\u007f',
    '\uffff',
    '😀',
    "'",
    '"',
    '\\',
    '%',
    ' ',
    ...long,
  ]
  for (const [at, key] of keys.entries()) assert.is((await store.create(key, at)).ok, true)
  for (const [at, key] of keys.entries()) assert.is((await store.get(key))?.value, at)
  const found = async (prefix: string) => {
    const all: string[] = []
    for await (const key of store.keys({ prefix })) all.push(key)
    return all.sort()
  }
  for (const prefix of ['', ...keys, 'x'.repeat(1002), '\uffff\uffff', 'b'])
    assert.equal(await found(prefix), keys.filter(key => key.startsWith(prefix)).sort())
})

holds('names sort as keys do, and none is longer than an index takes', () => {
  const keys = ['a', 'b', 'ab', '\0', '😀', '\uffff', ...['x', 'y', '☃'].map(letter => letter.repeat(1365))]
  for (const key of keys) {
    assert.ok(nameOf(key).name.length <= 1032)
    for (const other of keys) {
      const [from, to] = rangeOf(other)
      const { name } = nameOf(key)
      if (key.startsWith(other)) assert.ok(name.compare(from) >= 0 && name.compare(to) < 0)
    }
  }
})

each('many keys are listed, each once', async (client, table) => {
  const store = stored<number>(client, table)
  const names = Array.from({ length: 1_200 }, (_, number) => `k${number}`)
  await store.createMany(names.map(name => [name, 1]))
  const seen: string[] = []
  for await (const key of store.keys()) seen.push(key)
  assert.equal(seen.sort(), names.sort())
})

each('bytes of every kind are kept, none included, and a touch does not send them', async (client, table) => {
  const store = stored<Uint8Array>(client, table, { codec: 'bytes' })
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  for (const [at, value] of [Buffer.alloc(0), Buffer.from([0]), all, Buffer.alloc(2 ** 20, all)].entries()) {
    assert.ok((await store.create(`${at}`, value)).ok)
    const touched = await store.touch(`${at}`, 60_000)
    assert.ok(Buffer.from(touched.entry?.value as Uint8Array).equals(value))
    assert.ok(Buffer.from((await store.get(`${at}`))?.value as Uint8Array).equals(value))
  }
})

each('nothing is left of what was removed', async (client, table) => {
  const store = stored<number>(client, table)
  for (let at = 0; at < 5; at++) await store.create(`k${at}`, at)
  for (let at = 0; at < 5; at++) assert.ok((await store.remove(`k${at}`)).ok)
  const rows = await client.run(`SELECT kind FROM ${table}`)
  assert.equal(
    rows.map(({ kind }) => kind),
    ['format'],
  )
})

each(
  'it is right at every isolation level: a conflict of serialization is met, and tried again',
  async (_, table, one) => {
    const { connection } = await server()
    const many = await Promise.all(Array.from({ length: 4 }, () => one.connect(connection, 1)))
    for (const { run } of many) await run('SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE')
    const [first] = many as [Client]
    await stored<number>(first, table).create('k', 0)
    const add = async (client: Client) => {
      const store = stored<number>(client, table)
      for (let at = 0; at < 25; at++) await store.update('k', old => old.value + 1)
    }
    await Promise.all(many.map(add))
    assert.is((await stored<number>(first, table).get('k'))?.value, 100)
    await Promise.all(many.map(({ close }) => close()))
  },
)

each('a statement has no name, and no session keeps anything', async (client, table, one) => {
  const { connection } = await server()
  const own = await one.connect(connection, 1)
  const store = stored<number>(own, table)
  await store.create('k', 1)
  await store.update('k', old => old.value + 1)
  await store.remove('k')
  assert.equal((await own.run(`SELECT 1 FROM pg_prepared_statements WHERE statement LIKE '%${table}%'`)).length, 0)
  assert.equal((await own.run("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")).length, 0)
  await own.close()
  assert.is((await stored(client, table).get('k')) ?? undefined, undefined)
})

each('with a listener a wait ends when another has committed', async (client, table, one) => {
  const { connection } = await server()
  const { listener, close } = await one.listen(connection)
  const store = stored<number>(client, table, { listener })
  await store.create('k', 0)
  const { innerOf } = await import('../../lib/store/inner.js')
  const { drive } = await import('holdfast/steps')
  const { backing } = innerOf<number>(store)
  // The first wait begins to listen.
  await drive(backing.changed('k', 20))
  const spans: number[] = []
  for (let at = 0; at < 5; at++) {
    const waiting = drive(backing.changed('k', 5_000)).then(() => performance.now())
    await new Promise(resolve => setTimeout(resolve, 30))
    const began = performance.now()
    await store.update('k', old => old.value + 1)
    spans.push((await waiting) - began)
  }
  note(`heard after ${spans.map(Math.round)} ms`)
  assert.ok(Math.min(...spans) < 200)
  await store.close()
  await close()
})

each('no reply in time: a read says so, and a change looks what became of it', async (client, table, one) => {
  const { connection } = await server()
  const own = await one.connect(connection, 2)
  const store = stored<number>(own, table, { timeout: 1_000 })
  await store.create('k', 1)
  // Another session holds the row, so the change waits for its lock, and so does nothing else.
  const other = await one.connect(connection, 1)
  await other.run('BEGIN')
  await other.run(`UPDATE ${table} SET stale = stale WHERE id <> 'holdfast'`)
  const error = await store.update('k', 2).then(
    () => undefined,
    (failure: NodeJS.ErrnoException) => failure,
  )
  // In turn with what hangs, a single connection cannot look; several can, and send it again.
  assert.ok(error?.code === 'ERR_UNKNOWN_OUTCOME' || error?.code === 'ERR_TIMEOUT', String(error))
  await other.run('COMMIT')
  // What hung is made now.
  await eventually(async () => assert.is(await store.confirm(error), 'done'))
  assert.is((await stored<number>(client, table).get('k'))?.value, 2)
  await other.close()
  await own.close()
})

afterwards(async () => {
  for (const client of connected.values()) await (await client).close()
  await (await shared)?.stop()
})
