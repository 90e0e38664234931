// A store in Postgres behind a pooler that gives each transaction another session: it keeps the contract, and nothing is lost.

import { postgresStore } from 'holdfast/postgres'
import type { Store } from 'holdfast/store'
import { contender, storeContract } from 'holdfast/testing'
import { assert, note, raced, scratch, sized } from '../../support/kit.js'
import { noPgbouncer, startPgbouncer } from '../../support/pgbouncer.js'
import { type Client, type Connection, noPostgresStore, postgresClient } from '../../support/postgres-clients.js'
import { startPostgres } from '../../support/postgres-server.js'
import { type Race, raceAdders, storePlays, storeRaces } from '../../support/store-races.js'

const variable = 'HOLDFAST_SPEC_POOLER'
const additions = sized(25, 500)

interface Where {
  readonly connection: Connection
  readonly name: string
}

const connect = (): Promise<Client> => {
  const { connection, name } = JSON.parse(process.env[variable] ?? '') as Where
  return postgresClient(name).connect(connection, 3)
}
const open = async (): Promise<Store<unknown>> => postgresStore((await connect()).client, { table: 'raced' })

const names = { pooled: 'pg Pool', pooledjs: 'postgres' } as const
const roles = Object.keys(names) as (keyof typeof names)[]
const plays = Object.assign({}, ...roles.map(role => storePlays(role, open, additions)))

function declare(title: string, role: keyof typeof names, body: (race: Race, client: Client) => Promise<void>): void {
  const why = noPostgresStore ?? noPgbouncer
  if (why) {
    raced.skip(title, why)
    return
  }
  raced(title, async () => {
    const server = await startPostgres()
    const pooler = await startPgbouncer(server)
    process.env[variable] = JSON.stringify({ connection: pooler.connection, name: names[role] } satisfies Where)
    const client = await connect()
    try {
      const store = postgresStore(client.client, { table: 'raced' })
      await body({ file: import.meta.url, name: role, dir: scratch(), store, additions }, client)
    } finally {
      await client.close()
      await pooler.stop()
      await server.stop()
    }
  })
}

if (!contender(plays))
  for (const role of sized(roles.slice(0, 1), roles)) {
    for (const [title, run] of sized([['eight processes add, and nothing is lost', raceAdders] as const], storeRaces))
      declare(`${names[role]}, behind a pooler: ${title}`, role, run)

    if (sized(false, true))
      declare(`${names[role]}, behind a pooler: every line of the contract is kept`, role, async (_, { client }) => {
        // All lines share three connections, and on a busy machine a reply takes its time.
        const stored = async (place: string, options?: object) =>
          postgresStore(client, { table: `c-${place}`, timeout: 60_000, ...options })
        const lines = storeContract(stored, { unit: 600, forms: ['promise'] })
        // None goes on when the server is stopped.
        const results = await Promise.allSettled(lines.map(({ run }) => run()))
        const failures = results.flatMap((result, at) =>
          result.status === 'rejected' ? [`${lines[at]?.name}: ${result.reason}`] : [],
        )
        note(`${lines.length} lines`)
        assert.equal(failures, [])
        assert.ok(lines.length > 40)
      })
  }
