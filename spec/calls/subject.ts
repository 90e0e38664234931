// A victim (./victim.ts), as the judge has it: a process that does what it is asked, or dies of it.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Control } from './shim.js'
import type { Job, Reply } from './victim.js'

const program = fileURLToPath(new URL('./victim.js', import.meta.url))

/** A call is stuck after so many milliseconds. All of them give up much earlier, by their `timeout`. */
const patienceMs = 10_000

export type Ending = Reply | 'killed' | 'died' | 'stuck'

export class Subject {
  readonly control: Control
  readonly #child: ChildProcess
  readonly #ready: Promise<unknown>
  readonly #ended: Promise<'killed' | 'died'>
  readonly #said: string[] = []
  alive = true
  #over = false

  /**
   * @param shim The compiled shim.
   * @param root The directory in which calls are counted.
   * @param control Where the control block is to be made.
   */
  constructor(shim: string, root: string, control: string) {
    this.control = Control.create(control)
    const env = {
      ...process.env,
      LD_PRELOAD: shim,
      HOLDFAST_CALLS: control,
      HOLDFAST_CALLS_ROOT: root,
      // One thread in the pool, and no rings: so the calls come in the same order each time.
      UV_THREADPOOL_SIZE: '1',
      UV_USE_IO_URING: '0',
    }
    const child = spawn(process.execPath, ['--no-warnings', program], {
      env,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    })
    this.#child = child
    child.stderr?.on('data', text => this.#said.push(text))
    this.#ready = new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('close', () => reject(new Error(`The victim did not begin: ${this.#said.join('')}`)))
    })
    this.#ready.catch(() => {})
    this.#ended = new Promise(resolve =>
      child.once('close', (_, signal) => {
        this.alive = false
        resolve(signal === 'SIGKILL' ? 'killed' : 'died')
      }),
    )
  }

  /** Has the job done. `whenStopped` is called if the rule stops the process, which then goes on. */
  async run(job: Job, whenStopped?: () => void): Promise<Ending> {
    await this.#ready
    const replied = new Promise<Reply>(resolve => this.#child.once('message', reply => resolve(reply as Reply)))
    const over = new AbortController()
    const late = wait(patienceMs, 'stuck' as const, { signal: over.signal }).catch(() => 'stuck' as const)
    this.#child.send(job)
    const ends = [replied, this.#ended, late]
    if (job.rule?.action === 'stop') await Promise.race([...ends, this.#stopAndGoOn(over.signal, whenStopped)])
    const ending = await Promise.race(ends)
    over.abort()
    this.#child.removeAllListeners('message')
    if (ending === 'stuck') {
      this.#child.kill('SIGKILL')
      await this.#ended
    }
    return ending
  }

  /** Ends the process, if it has not ended by itself. */
  async end(): Promise<void> {
    if (this.#over) return
    this.#over = true
    this.#child.kill('SIGKILL')
    await this.#ended
    this.control.close()
    rmSync(this.control.path, { force: true })
  }

  async #stopAndGoOn(signal: AbortSignal, whenStopped?: () => void): Promise<void> {
    while (!this.control.stopped) {
      if (signal.aborted) return
      await wait(1)
    }
    while (!this.#isStopped()) await wait(1)
    whenStopped?.()
    this.control.release()
    this.#child.kill('SIGCONT')
  }

  #isStopped(): boolean {
    const state = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1').split(') ').at(-1)
    return state?.startsWith('T') ?? false
  }
}
