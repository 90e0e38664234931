// A store in Postgres, raced by eight processes: nothing is lost, and one makes what all want to make, also where the server
// ends in the middle and starts again.

import { postgresStore } from 'holdfast/postgres'
import type { Store } from 'holdfast/store'
import { contender, race } from 'holdfast/testing'
import { assert, note, raced, scratch, sized } from '../../support/kit.js'
import { type Connection, noPostgresStore, postgresClient } from '../../support/postgres-clients.js'
import { startPostgres } from '../../support/postgres-server.js'
import { assertAllKept, assertOneMade, storePlays } from '../../support/store-race.js'

const variable = 'HOLDFAST_SPEC_POSTGRES'
const times = sized(50, 500)
const rounds = sized(25, 200)

interface Where {
  readonly connection: Connection
  readonly name: string
}

async function connect() {
  const { connection, name } = JSON.parse(process.env[variable] ?? '') as Where
  const client = await postgresClient(name).connect(connection, 2)
  return { ...client, store: postgresStore<number>(client.client, { table: 'raced', retryFor: 30_000 }) }
}

const open = async (): Promise<Store<number>> => (await connect()).store

/** The statements that people write: what was read is written back. */
const careless = async () => {
  const { run, close } = await connect()
  for (let turn = 0; turn < times; turn++) {
    const [{ n } = {}] = await run('SELECT n FROM careless')
    await run(`UPDATE careless SET n = ${Number(n) + 1}`)
  }
  await close()
}

if (!contender({ ...storePlays(open, times), careless })) {
  const inTime = { dir: scratch(), timeout: sized(120_000, 3_600_000) }
  const withServer = (
    what: string,
    name: string,
    body: (server: Awaited<ReturnType<typeof startPostgres>>) => Promise<void>,
  ) => {
    if (noPostgresStore) raced.skip(what, noPostgresStore)
    else
      raced(what, async () => {
        const server = await startPostgres()
        process.env[variable] = JSON.stringify({ connection: server.connection, name } satisfies Where)
        try {
          await body(server)
        } finally {
          await server.stop()
        }
      })
  }

  for (const name of ['pg Pool', 'postgres'])
    withServer(`${name}: 8 processes update one key: no update is lost; 8 create one: one does`, name, async () => {
      const { store, run, close } = await connect()
      await store.create('count', 0)
      const [results = []] = await race(import.meta.url, { ...inTime, cast: { adder: 8 }, rounds: 1 })
      assert.is(await assertAllKept(store, results, times), 0)
      await race(import.meta.url, { ...inTime, cast: { maker: 8 }, rounds, after: assertOneMade })
      await run('CREATE TABLE careless (n int)')
      await run('INSERT INTO careless VALUES (0)')
      await race(import.meta.url, { ...inTime, cast: { careless: 8 }, rounds: 1 })
      const [{ n } = {}] = await run('SELECT n FROM careless')
      note(`read and written back, ${n} are kept of ${8 * times}`)
      assert.ok(Number(n) < 8 * times, 'no two met')
      await close()
    })

  withServer('the server ends in the middle and starts again: no update is lost', 'pg Pool', async server => {
    await (await open()).create('count', 0)
    let restarts = 0
    const timer = setInterval(async () => {
      if (restarts++ < 2) await server.restart()
    }, 700)
    const [results = []] = await race(import.meta.url, { ...inTime, cast: { adder: 8 }, rounds: 1 })
    clearInterval(timer)
    const unknown = await assertAllKept(await open(), results, times)
    note(`${restarts} restarts`)
    assert.ok(unknown <= 16, 'most are found out')
  })
}
