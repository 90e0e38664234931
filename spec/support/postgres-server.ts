// A Postgres server for specs: a cluster of its own in a scratch directory, on a free port of loopback.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { scratch } from './kit.js'

export interface PostgresServer {
  readonly port: number
  /** What clients connect with. */
  readonly connection: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly password: string
    readonly database: string
  }
  /** Ends it at once, and starts it again on the same port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Where Debian and others put the programs that are not on the path. */
function programs(): string | undefined {
  const homes = ['/usr/lib/postgresql', '/usr/local/pgsql', '/opt/homebrew/opt/postgresql']
  const versions = homes.flatMap(home =>
    existsSync(home) ? [home, ...readdirSync(home).map(name => join(home, name))].map(dir => join(dir, 'bin')) : [],
  )
  const onPath = (process.env.PATH ?? '').split(':')
  return [...onPath, ...versions].find(dir => existsSync(join(dir, 'initdb')) && existsSync(join(dir, 'postgres')))
}

const bin = programs()

/** Postgres refuses to run as root, so there it runs as its own user, or as any. */
export const user: { uid?: number; gid?: number } = process.getuid?.() === 0 ? userOf('postgres') : {}

function userOf(name: string): { uid: number; gid: number } {
  const [uid, gid] = ['-u', '-g'].map(flag =>
    Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout || '65534'),
  )
  return { uid: uid as number, gid: gid as number }
}

/** Why no server can be started; undefined: one can. */
export const noPostgres: string | undefined =
  process.platform === 'win32' || bin === undefined
    ? 'there is no Postgres here'
    : hasName()
      ? undefined
      : 'Postgres runs only as a user that has a name'

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

export async function startPostgres(): Promise<PostgresServer> {
  const dir = scratch()
  if (user.uid !== undefined && user.gid !== undefined) chownSync(dir, user.uid, user.gid)
  const data = join(dir, 'data')
  const args = ['-D', data, '-U', 'holdfast', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const made = spawnSync(join(bin as string, 'initdb'), args, { ...user, cwd: dir, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error ?? ''}`)
  const port = await freePort()
  let server = await run(dir, port)
  const stop = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill(signal)
    await gone
  }
  const connection = { host: '127.0.0.1', port, user: 'holdfast', password: '', database: 'postgres' }
  return {
    port,
    connection,
    stop: () => stop('SIGQUIT'),
    async restart() {
      await stop('SIGQUIT')
      server = await run(dir, port)
    },
  }
}

async function run(dir: string, port: number): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '32MB',
    max_connections: '100',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const args = ['-D', join(dir, 'data'), '-p', `${port}`, ...flags]
  const server = spawn(join(bin as string, 'postgres'), args, {
    ...user,
    cwd: dir,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // A spec that fails must not leave it behind.
  const kill = () => server.kill('SIGKILL')
  process.once('exit', kill)
  server.once('exit', () => process.off('exit', kill))
  let said = ''
  let isReady = false
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
    isReady ||= /ready to accept connections/.test(text)
  })
  for (const until = performance.now() + 30_000; !isReady; await pause(10))
    if (server.exitCode !== null || performance.now() > until) throw new Error(`Postgres did not start: ${said}`)
  return server
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
