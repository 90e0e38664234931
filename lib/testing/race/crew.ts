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

/** A process that is ready to play, or will be. */
export class Contender {
  readonly child: ChildProcess
  /** The roles that it can play. Undefined: it has ended before it could. */
  readonly roles: Promise<readonly string[] | undefined>

  constructor(file: string) {
    const env = { ...process.env, [crewVariable]: '1' }
    this.child = fork(file, [], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.roles = nextMessage<Ready>(this.child, never).then(ready => ready?.roles)
  }
}

/** Where processes die in each round, so many are started before they are needed: one for each core of most machines. */
const mostSpares = 2

export class Crew {
  readonly #file: string
  /** Those that are ready, and those that are started meanwhile. */
  readonly #idle: Contender[] = []
  readonly #spares: Contender[] = []
  /** The environment that these have. */
  #env = ''

  constructor(file: string) {
    this.#file = file.startsWith('file:') ? fileURLToPath(file) : file
  }

  /** A process that is idle, or a new one. */
  async take(): Promise<Contender> {
    const env = JSON.stringify(process.env)
    if (env !== this.#env) {
      this.#env = env
      await this.end()
    }
    for (let one = this.#idle.pop(); one; one = this.#idle.pop()) if (isAlive(one.child)) return one
    return this.#spares.shift() ?? new Contender(this.#file)
  }

  /** Keeps a process for the next race. */
  keep(one: Contender): void {
    this.#idle.push(one)
  }

  /** A process has died in a round, as it will in the next ones: others are started while those that live play. */
  replace(): void {
    while (this.#spares.length < mostSpares) this.#spares.push(new Contender(this.#file))
  }

  /** Ends those that do not play. */
  async end(): Promise<void> {
    const all = [...this.#idle.splice(0), ...this.#spares.splice(0)]
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

const never = new AbortController().signal

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
