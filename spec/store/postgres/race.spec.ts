// A store in Postgres, raced by eight processes: nothing is lost, and one makes what all want to make, also where the
// server ends in the middle and starts again.

import { setTimeout as pause } from 'node:timers/promises'
import { postgresStore } from 'holdfast/postgres'
import type { Store } from 'holdfast/store'
import { contender, race } from 'holdfast/testing'
import { assert, note, raced, scratch, sized } from '../../support/kit.js'
import { type Connection, noPostgresStore, postgresClient } from '../../support/postgres-clients.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import { assertAllKept, assertOneMade, storePlay } from '../../support/store-race.js'
import { storePlays, storeRaces } from '../../support/store-races.js'

const variable = 'HOLDFAST_SPEC_POSTGRES'
const times = sized(40, 500)
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

const open = async <T = number>(): Promise<Store<T>> => (await connect()).store as unknown as Store<T>

/** The statements that people write: what was read is written back. */
const careless = async () => {
  const { run, close } = await connect()
  for (let turn = 0; turn < times; turn++) {
    const [{ n } = {}] = await run('SELECT n FROM careless')
    await run(`UPDATE careless SET n = ${Number(n) + 1}`)
  }
  await close()
}

const names = ['postgres', 'pg Pool'] as const
/** A role has no space in it. */
const roleOf = (name: string): string => name.replaceAll(' ', '-')

const plays = {
  player: storePlay(open, careless, times),
  ...Object.assign({}, ...names.map(name => storePlays(roleOf(name), async () => open()))),
}

if (!contender(plays)) {
  // The others are in what follows, and at full size they are run by themselves as well.
  const chosen = storeRaces.filter(([title]) => sized(/linearizable|once/.test(title), true))
  for (const [at, [title, run]] of chosen.entries())
    for (const name of sized([names[at % 2] as string], [...names]))
      declare(`${name}: ${title}`, name, async ({ store }) =>
        run({ file: import.meta.url, name: roleOf(name), dir: scratch(), store: store as Store<unknown> }),
      )
  for (const [name, restarts] of sized([['pg Pool', 2] as const], [
    ['postgres', 0],
    ['pg Pool', 8],
  ] as const))
    declare(
      `${name}: ${restarts} restarts of the server, no update is lost, and one makes what all want to make`,
      name,
      raced => raceThrough(raced, restarts),
    )
}

interface Raced {
  readonly server: PostgresServer
  readonly store: Store<number>
  run(text: string): Promise<readonly Record<string, unknown>[]>
}

function declare(title: string, name: string, body: (raced: Raced) => Promise<void>): void {
  if (noPostgresStore) raced.skip(title, noPostgresStore)
  else
    raced(title, async () => {
      const server = await startPostgres()
      process.env[variable] = JSON.stringify({ connection: server.connection, name } satisfies Where)
      const { store, run, close } = await connect()
      try {
        await body({ server, store, run })
      } finally {
        await close()
        await server.stop()
      }
    })
}

/** Updates, what people usually do instead, and creates. */
async function raceThrough({ server, store, run }: Raced, restarts: number): Promise<void> {
  await store.create('count', 0)
  await run('CREATE TABLE careless (n int)')
  await run('INSERT INTO careless VALUES (0)')
  let restarting: Promise<void> | undefined
  const before = (round: number) => {
    if (round === 0) restarting = restartTimes(server, restarts)
  }
  const all = { dir: scratch(), cast: { player: 8 }, before, timeout: sized(120_000, 3_600_000) }
  const history = await race(import.meta.url, { ...all, rounds: 2 + rounds })
  await restarting
  const unknown = await assertAllKept(store, history[0] ?? [], times)
  assert.ok(unknown <= 8 * restarts, 'most are found out')
  for (const results of history.slice(2)) assertOneMade(results)
  const [{ n } = {}] = await run('SELECT n FROM careless')
  note(`read and written back, ${n} are kept of ${8 * times}`)
  assert.ok(Number(n) < 8 * times, 'no two met')
}

async function restartTimes(server: PostgresServer, times: number): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    await pause(300)
    await server.restart()
  }
}
