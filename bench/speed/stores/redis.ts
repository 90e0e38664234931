// A server of Redis for each room, where it is installed: on a socket in the room, and without a file.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from 'redis'

export const hasRedis = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0

export type Client = ReturnType<typeof createClient>

interface Server {
  readonly client: Client
  close(): Promise<void>
}

/** Milliseconds. */
const longestStart = 5000

export async function startRedis(room: string): Promise<Server> {
  const path = `${room}/redis.sock`
  const settings = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', room]
  const child = spawn('redis-server', settings, { stdio: 'ignore' })
  const kill = () => child.kill('SIGKILL')
  // For a run that ends the process at once.
  process.once('exit', kill)
  try {
    await started(child, path)
    const client: Client = createClient({ socket: { path, tls: false } })
    client.on('error', () => {})
    await client.connect()
    return {
      client,
      async close() {
        client.destroy()
        process.off('exit', kill)
        await ended(child, kill)
      },
    }
  } catch (error) {
    process.off('exit', kill)
    await ended(child, kill)
    throw error
  }
}

async function started(child: ChildProcess, path: string): Promise<void> {
  const late = performance.now() + longestStart
  while (!existsSync(path)) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
    if (performance.now() > late) throw new Error(`redis-server did not start within ${longestStart} ms`)
    await wait(5)
  }
}

async function ended(child: ChildProcess, kill: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  kill()
  await exit
}
