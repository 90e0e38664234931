// A pooler in front of a Postgres server for specs: each transaction may have another of a few sessions.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratch } from './kit.js'
import { freePort, type PostgresServer, user } from './postgres-server.js'

/** Why no pooler can be started; undefined: one can. */
export const noPgbouncer: string | undefined =
  spawnSync('pgbouncer', ['--version']).status === 0 ? undefined : 'there is no pgbouncer here'

export interface Pooler extends Pick<PostgresServer, 'connection'> {
  stop(): Promise<void>
}

const settings = (server: number, port: number): string => `[databases]
postgres = host=127.0.0.1 port=${server} dbname=postgres user=holdfast
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
`

export async function startPgbouncer({ connection }: PostgresServer): Promise<Pooler> {
  const dir = scratch()
  const port = await freePort()
  const file = join(dir, 'pgbouncer.ini')
  writeFileSync(file, settings(connection.port, port))
  // It refuses to run as root, as Postgres does.
  if (user.uid !== undefined && user.gid !== undefined) chownSync(dir, user.uid, user.gid)
  const pooler = spawn('pgbouncer', [file], { ...user, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] })
  // A spec that fails must not leave it behind.
  const kill = () => pooler.kill('SIGKILL')
  process.once('exit', kill)
  let said = ''
  await new Promise<void>((resolve, reject) => {
    pooler.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/process up/.test(said)) resolve()
    })
    pooler.once('exit', () => reject(new Error(`PgBouncer did not start: ${said}`)))
  })
  return {
    connection: { ...connection, port },
    async stop() {
      process.off('exit', kill)
      const gone = once(pooler, 'exit')
      if (kill()) await gone
    },
  }
}
