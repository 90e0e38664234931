// A store in Postgres, raced by eight processes: nothing is lost, and one makes what all want to make, also where the
// server ends in the middle and starts again.

import { setTimeout as pause } from 'node:timers/promises'
import { postgresStore } from 'holdfast/postgres'
import type { Store } from 'holdfast/store'
import { contender } from 'holdfast/testing'
import { raced, scratch, sized } from '../../support/kit.js'
import { type Connection, noPostgresStore, postgresClient } from '../../support/postgres-clients.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import { type Race, raceAdders, raceCreators, storePlays, storeRaces } from '../../support/store-races.js'

const variable = 'HOLDFAST_SPEC_POSTGRES'
const additions = sized(40, 500)

interface Where {
  readonly connection: Connection
  readonly name: string
}

async function connect() {
  const { connection, name } = JSON.parse(process.env[variable] ?? '') as Where
  const { client, close } = await postgresClient(name).connect(connection, 2)
  return { close, store: postgresStore(client, { table: 'raced', retryFor: 30_000 }) }
}

const names = ['postgres', 'pg Pool'] as const
/** A role has no space in it. */
const roleOf = (name: string): string => name.replaceAll(' ', '-')

const open = async (): Promise<Store<unknown>> => (await connect()).store
const plays = Object.assign({}, ...names.map(name => storePlays(roleOf(name), open, additions)))

if (!contender(plays)) {
  // The others are in what follows, and at full size they are run by themselves as well.
  const chosen = storeRaces.filter(([title]) => sized(/linearizable|once/.test(title), true))
  for (const [at, [title, run]] of chosen.entries())
    for (const name of sized([names[at % 2] as string], [...names])) declare(`${name}: ${title}`, name, one => run(one))

  for (const [name, restarts] of sized([['pg Pool', 2] as const], [
    ['postgres', 0],
    ['pg Pool', 8],
  ] as const))
    declare(
      `${name}: ${restarts} restarts of the server, no update is lost, and one makes what all want to make`,
      name,
      async (one, server) => {
        const trouble = () => restartTimes(server, restarts)
        await raceAdders({ ...one, trouble, mostUnknown: () => 8 * restarts })
        await raceCreators(one)
      },
    )
}

function declare(title: string, name: string, body: (one: Race, server: PostgresServer) => Promise<void>): void {
  if (noPostgresStore) raced.skip(title, noPostgresStore)
  else
    raced(title, async () => {
      const server = await startPostgres()
      process.env[variable] = JSON.stringify({ connection: server.connection, name } satisfies Where)
      const { store, close } = await connect()
      try {
        await body({ file: import.meta.url, name: roleOf(name), dir: scratch(), store, additions }, server)
      } finally {
        await close()
        await server.stop()
      }
    })
}

async function restartTimes(server: PostgresServer, times: number): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    await pause(300)
    await server.restart()
  }
}
