// A Redis server for specs: in a scratch directory, on a free port of loopback.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { scratch } from './kit.js'

const program = ['redis-server', 'valkey-server'].find(name => spawnSync(name, ['--version']).status === 0)

/** Why no server can be started; undefined: one can. */
export const noRedis: string | undefined = program === undefined ? 'there is no redis-server here' : undefined

export interface RedisProcess {
  readonly port: number
  /** Ends it at once, and starts it again on the same port: it has lost its keys. */
  restart(): Promise<void>
  stop(): Promise<void>
  /** Stops its process without ending it, and lets it go on. */
  freeze(): void
  thaw(): void
}

/** Starts a server. `settings`: more of its options, as on the command line. */
export async function startRedis(...settings: readonly string[]): Promise<RedisProcess> {
  const dir = scratch()
  const port = await freePort()
  const args = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'no',
    ...settings,
  ]
  let server = await run(args)
  const stop = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill('SIGKILL')
    await gone
  }
  return {
    port,
    stop,
    async restart() {
      await stop()
      server = await run(args)
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
  }
}

async function run(args: readonly string[]): Promise<ChildProcess> {
  const server = spawn(program as string, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  // A spec that fails must not leave it behind.
  const kill = () => server.kill('SIGKILL')
  process.once('exit', kill)
  server.once('exit', () => process.off('exit', kill))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/ready to accept connections/i.test(text)) resolve()
    })
    server.once('exit', () => reject(new Error(`Redis did not start: ${said}`)))
  })
  return server
}

/** The servers of a cluster talk to each other at a port that is higher by 10,000. */
const highestPort = 55_000

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port < highestPort ? port : freePort()
}
