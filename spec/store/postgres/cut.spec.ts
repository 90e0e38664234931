// The connection to Postgres is cut at every statement of each operation.

import { postgresStore } from 'holdfast/postgres'
import { startProxy } from '../../support/cutting-proxy.js'
import { holds } from '../../support/kit.js'
import { noPostgresStore, postgresClients } from '../../support/postgres-clients.js'
import { startPostgres } from '../../support/postgres-server.js'
import { cutEverywhere } from '../../support/store-cuts.js'

// A single connection does not come back when it is cut.
for (const one of postgresClients.filter(({ name }) => name !== 'pg Client')) {
  const title = `${one.name}: wherever the connection is cut, each operation is done once, or confirm finds out`
  if (noPostgresStore) holds.skip(title, noPostgresStore)
  else
    holds(title, async () => {
      const server = await startPostgres()
      const proxy = await startProxy(server.port)
      const near = await one.connect(server.connection)
      const far = await one.connect({ ...server.connection, port: proxy.port }, 1)
      const direct = postgresStore<string>(near.client)
      const cut = postgresStore<string>(far.client, { timeout: 10_000 })
      await direct.get('opened')
      await cut.get('opened')
      try {
        await cutEverywhere({ direct, cut, proxy })
      } finally {
        await far.close().catch(() => {})
        await near.close()
        await proxy.close()
        await server.stop()
      }
    })
}
