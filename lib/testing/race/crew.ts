// The processes of one file that races. Any of them plays any role, so those that are still there after a race can be used
// in the next one: to start a process takes half a second of a core, more than a race often does.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Set in the processes of a crew. */
export const crewVariable = 'HOLDFAST_CONTENDER'

/** The first message of a process. */
export interface Ready {
  readonly roles: readonly string[]
}

/** A process that is ready to play. */
export interface Contender {
  readonly child: ChildProcess
  readonly roles: readonly string[]
}

export class Crew {
  readonly #file: string
  readonly #idle: Contender[] = []
  /** The environment of those that are idle. */
  #env = ''

  constructor(file: string) {
    this.#file = file.startsWith('file:') ? fileURLToPath(file) : file
  }

  /** A process that is idle, or a new one. Undefined: it died before it was ready. */
  async take(signal: AbortSignal): Promise<Contender | undefined> {
    const env = JSON.stringify(process.env)
    // They have the environment that there was when they were started.
    if (env !== this.#env) {
      this.#env = env
      await this.end()
    }
    for (let one = this.#idle.pop(); one; one = this.#idle.pop()) if (isAlive(one.child)) return one
    const child = fork(this.#file, [], {
      env: { ...process.env, [crewVariable]: '1' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    try {
      const ready = await nextMessage<Ready>(child, signal)
      return ready && { child, roles: ready.roles }
    } catch (error) {
      await ended(child)
      throw error
    }
  }

  /** Keeps a process for the next race. */
  keep(one: Contender): void {
    this.#idle.push(one)
  }

  /** Ends those that are idle. */
  async end(): Promise<void> {
    const all = this.#idle.splice(0)
    await Promise.all(all.map(({ child }) => ended(child)))
  }
}

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/** Kills the process, and waits until it is gone. */
export async function ended(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** Undefined if the process dies instead. Rejects when the signal is aborted. */
export async function nextMessage<T>(child: ChildProcess, signal: AbortSignal): Promise<T | undefined> {
  if (!isAlive(child)) return undefined
  const settled = new AbortController()
  const either = AbortSignal.any([signal, settled.signal])
  try {
    const message = once(child, 'message', { signal: either }).then(([message]) => message as T)
    const death = once(child, 'exit', { signal: either }).then(() => undefined)
    return await Promise.race([message, death])
  } finally {
    settled.abort()
  }
}
