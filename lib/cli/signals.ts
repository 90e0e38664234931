// What becomes of SIGINT, SIGTERM and SIGHUP: while a program runs, they are handed on to it, and its end decides;
// otherwise the call is stopped, cleans up, and the process ends by the signal.

import type { ChildProcess } from 'node:child_process'
import { statusOfSignal } from './failure.js'

const handled = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Handled = (typeof handled)[number]

export class Signals {
  readonly #stop = new AbortController()
  readonly #programs = new Set<ChildProcess>()
  readonly #listeners = handled.map(name => [name, () => this.#receive(name)] as const)
  #received: Handled | undefined

  constructor() {
    for (const [name, listener] of this.#listeners) process.on(name, listener)
  }

  /** Aborted by a signal that comes while no program runs. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  get received(): Handled | undefined {
    return this.#received
  }

  /** Until it has ended, signals are for this program. */
  watch(program: ChildProcess): void {
    this.#programs.add(program)
    const forget = () => this.#programs.delete(program)
    program.on('exit', forget).on('error', forget)
  }

  /**
   * Ends the process with this status, as soon as nothing is left to be done. If the status says that a signal has ended
   * the work, and this process got it, too, that signal ends the process: so a shell sees that a loop is to be left.
   */
  end(status: number): void {
    process.exitCode = status
    const name = this.#received
    if (name === undefined || statusOfSignal(name) !== status) return
    process.once('beforeExit', () => {
      this.#forget()
      process.kill(process.pid, name)
      // Windows has ended it meanwhile; elsewhere, the signal arrives in the next turn.
      setTimeout(() => {}, 1_000)
    })
  }

  #receive(name: Handled): void {
    this.#received = name
    // The terminal sends SIGINT to the program as well, and for some a second one means to end at once.
    if (name === 'SIGINT' && this.#programs.size > 0 && process.stdin.isTTY) return
    for (const program of this.#programs) program.kill(name)
    if (this.#programs.size > 0) return
    this.#stop.abort()
    // A second signal does not wait for the clean-up.
    this.#forget()
  }

  #forget(): void {
    for (const [name, listener] of this.#listeners) process.removeListener(name, listener)
  }
}
