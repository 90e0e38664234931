// The clients of Postgres, for specs of stores.

import type { PostgresLike, PostgresListener } from 'holdfast/postgres'
import { engine, noEngines } from './engines.js'
import { noPostgres } from './postgres-server.js'

/** A client, and what specs do with one besides. */
export interface Client {
  readonly client: PostgresLike
  /** Runs any statement. */
  run(text: string): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

export interface Connection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

export interface PostgresClient {
  readonly name: string
  connect(connection: Connection, most?: number): Promise<Client>
  /** A listener of its own. */
  listen(connection: Connection): Promise<{ listener: PostgresListener; close(): Promise<void> }>
}

/** Why no store in Postgres can be tried; undefined: it can. */
export const noPostgresStore = noPostgres ?? noEngines

const ignore = () => {}

async function pgListener(connection: Connection) {
  const listener = new (engine('pg').Client)(connection)
  listener.on('error', ignore)
  await listener.connect()
  return { listener, close: () => listener.end() }
}

const pool: PostgresClient = {
  name: 'pg Pool',
  async connect(connection, most = 4) {
    const client = new (engine('pg').Pool)({ ...connection, max: most, connectionTimeoutMillis: 2_000 })
    // Connections that are idle may be cut, too.
    client.on('error', ignore)
    return { client, run: async text => (await client.query(text)).rows, close: () => client.end() }
  },
  listen: pgListener,
}

const single: PostgresClient = {
  name: 'pg Client',
  async connect(connection) {
    const client = new (engine('pg').Client)(connection)
    client.on('error', ignore)
    await client.connect()
    return { client, run: async text => (await client.query(text)).rows, close: () => client.end() }
  },
  listen: pgListener,
}

const sqlOf = (connection: Connection, max: number) =>
  engine('postgres')({ ...connection, max, connect_timeout: 2, onnotice: ignore, backoff: () => 0.02 })

const postgresJs: PostgresClient = {
  name: 'postgres',
  async connect(connection, most = 4) {
    const client = sqlOf(connection, most)
    return { client, run: text => client.unsafe(text), close: () => client.end({ timeout: 1 }) }
  },
  async listen(connection) {
    const listener = sqlOf(connection, 1)
    return { listener, close: () => listener.end({ timeout: 1 }) }
  },
}

export const postgresClients: readonly PostgresClient[] = [pool, single, postgresJs]

export const postgresClient = (name: string): PostgresClient =>
  postgresClients.find(one => one.name === name) as PostgresClient
