// A store in Postgres, raced by eight processes: nothing is lost, and one makes what all want to make, also where the
// server ends in the middle and starts again.

import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { postgresStore } from 'holdfast/postgres'
import type { Store } from 'holdfast/store'
import { contender } from 'holdfast/testing'
import { afterwards, raced, scratch, sized } from '../../support/kit.js'
import { type Client, type Connection, noPostgresStore, postgresClient } from '../../support/postgres-clients.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import { type Race, raceAdders, raceCreators, storePlays, storeRaces } from '../../support/store-races.js'

const variable = 'HOLDFAST_SPEC_POSTGRES'
const additions = sized(40, 500)

/** One server for all races: its clients have its address in their environment, so that they can play in each. */
let shared: Promise<PostgresServer> | undefined
afterwards(async () => (await shared)?.stop())
async function startOnce(): Promise<PostgresServer> {
  shared ??= startPostgres()
  const server = await shared
  process.env[variable] = JSON.stringify(server.connection)
  return server
}

const clients = new Map<string, Promise<Client>>()
/** The one client of this name in this process. */
function clientOf(name: string): Promise<Client> {
  const connection = JSON.parse(process.env[variable] ?? '') as Connection
  const client = clients.get(name) ?? postgresClient(name).connect(connection, 2)
  clients.set(name, client)
  return client
}

const names = ['postgres', 'pg Pool'] as const
/** A role has no space in it. */
const roleOf = (name: string): string => name.replaceAll(' ', '-')

/** Each race has a table of its own. */
async function open(name: string, dir: string): Promise<Store<unknown>> {
  const { client } = await clientOf(name)
  return postgresStore(client, { table: basename(dir), retryFor: 30_000 })
}

const plays = Object.assign({}, ...names.map(name => storePlays(roleOf(name), dir => open(name, dir), additions)))

if (!contender(plays)) {
  // The others are in what follows, and at full size they are run by themselves as well.
  const chosen = storeRaces.filter(([title]) => sized(/linearizable|once|whole/.test(title), true))
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
      const [server, dir] = [await startOnce(), scratch()]
      const store = await open(name, dir)
      try {
        await body({ file: import.meta.url, name: roleOf(name), dir, store, additions }, server)
      } finally {
        for (const client of clients.values()) await (await client).close()
        clients.clear()
      }
    })
}

async function restartTimes(server: PostgresServer, times: number): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    await pause(300)
    await server.restart()
  }
}
