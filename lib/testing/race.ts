// Real processes, released together. A file that calls `race` is its own worker: at its top, `contender` finds out whether
// this process is such a child, and serves its rounds.
//
//   const plays = { maker: (dir, round) => mkdirp(join(dir, String(round), 'a/b')) }
//   if (!contender(plays)) test('...', async () => { const rounds = await race(import.meta.url, { cast: { maker: 8 }, ... }) })

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onAbort } from '../core/signals.js'
import { clock } from './race/clock.js'

/** What a process does in one round. What it returns goes to the parent as JSON. */
export type Play = (dir: string, round: number, number: number) => unknown

export interface Result {
  readonly role: string
  /** Which of the processes in this role, counted from 0. */
  readonly number: number
  readonly how: 'returned' | 'threw' | 'died'
  readonly value?: unknown
  readonly code?: string | undefined
  readonly message?: string
  /** When it began and when it ended: milliseconds on a clock that all processes of the machine share. */
  readonly began: number
  readonly ended: number
}

export interface RaceOptions {
  /** Where the processes play. Each round gets the same directory, and its own number. */
  readonly dir: string
  /** The roles, and how many processes play each. */
  readonly cast: Readonly<Record<string, number>>
  /** @default 100 */
  readonly rounds?: number
  /** Milliseconds for the whole race. Then it fails, and the error names a process that did not finish. @default 60_000 */
  readonly timeout?: number
  /** Ends the race: it rejects with the signal's own reason, when all its processes are gone. */
  readonly signal?: AbortSignal
  /** Called in the parent before each round, to lay out what the processes find. */
  readonly before?: (round: number) => void
  /** Called in the parent after each round. Throws if the round went wrong. */
  readonly after?: (results: readonly Result[], round: number) => void
}

const roleVariable = 'HOLDFAST_CONTENDER'

/** In a child of `race`, serves its rounds and returns true. Elsewhere it returns false. */
export function contender(plays: Readonly<Record<string, Play>>): boolean {
  const [role = '', number = '0'] = process.env[roleVariable]?.split(' ') ?? []
  const play = plays[role]
  if (!process.env[roleVariable]) return false
  if (!play) throw new Error(`No play for the role "${role}"`)
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ dir, round, at }: { dir: string; round: number; at: number }) => {
    // A busy wait, because timers would release the processes one after the other.
    while (clock() < at);
    const began = clock()
    const result = await Promise.resolve()
      .then(() => play(dir, round, Number(number)))
      .then(
        value => ({ how: 'returned', value }),
        error => ({ how: 'threw', code: error?.code, message: String(error?.stack ?? error) }),
      )
    process.send?.({ ...result, began, ended: clock() })
  })
  process.send?.('ready')
  return true
}

/**
 * Runs rounds in which several processes start at the same moment.
 *
 * Holds afterwards: every process that was started has ended. A process that died in a round (`how: 'died'`) was replaced
 * before the next.
 *
 * Not promised: that the processes really collide. Count collisions (`overlaps`, or the results), and assert that there
 * were some.
 *
 * @returns The result of each process, round by round.
 * @throws What `after` throws; the reason of `signal`; an Error when the time is over.
 */
export async function race(file: string, options: RaceOptions): Promise<Result[][]> {
  const { dir, cast, rounds = 100, timeout = 60_000, signal, before, after } = options
  if (signal?.aborted) throw signal.reason
  const stop = new AbortController()
  // Not `AbortSignal.any`, because the signal may be of another realm.
  const ignore = signal && onAbort(signal, () => stop.abort(signal.reason))
  const deadline = AbortSignal.any([AbortSignal.timeout(timeout), stop.signal])
  const seats = Object.entries(cast).flatMap(([role, count]) =>
    Array.from({ length: count }, (_, number) => new Seat(file, role, number, deadline)),
  )
  try {
    const history: Result[][] = []
    for (let round = 0; round < rounds; round++) {
      await Promise.all(seats.map(seat => seat.ready()))
      before?.(round)
      const at = clock() + 2
      const results = await Promise.all(seats.map(seat => seat.play({ dir, round, at })))
      after?.(results, round)
      history.push(results)
    }
    return history
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  } finally {
    ignore?.()
    await Promise.all(seats.map(seat => seat.end()))
  }
}

/** Did at least two processes act at the same moment? */
export function overlaps(results: readonly Result[]): boolean {
  const byStart = [...results].sort((a, b) => a.began - b.began)
  return byStart.some((one, at) => at > 0 && one.began < Math.max(...byStart.slice(0, at).map(({ ended }) => ended)))
}

/** The place of one process, filled again when that process dies. */
class Seat {
  #child: ChildProcess | undefined

  constructor(
    readonly file: string,
    readonly role: string,
    readonly number: number,
    readonly deadline: AbortSignal,
  ) {}

  async ready(): Promise<void> {
    if (this.#child) return
    const path = this.file.startsWith('file:') ? fileURLToPath(this.file) : this.file
    const env = { ...process.env, [roleVariable]: `${this.role} ${this.number}` }
    this.#child = fork(path, [], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    await this.#nextMessage(this.#child)
  }

  async play(message: object): Promise<Result> {
    const child = this.#child as ChildProcess
    const began = clock()
    // It may die before it gets the message. The error of `send` says no more than its exit does.
    child.send(message, () => {})
    const result = await this.#nextMessage(child)
    if (result) return { role: this.role, number: this.number, ...result }
    this.#child = undefined
    return { role: this.role, number: this.number, how: 'died', began, ended: clock() }
  }

  /** Undefined if the child dies instead. */
  async #nextMessage(child: ChildProcess): Promise<Omit<Result, 'role' | 'number'> | undefined> {
    const settled = new AbortController()
    const signal = AbortSignal.any([this.deadline, settled.signal])
    try {
      const message = once(child, 'message', { signal }).then(([message]) => message)
      const death = once(child, 'exit', { signal }).then(() => undefined)
      return await Promise.race([message, death])
    } catch (error) {
      if (!this.deadline.aborted) throw error
      throw new Error(`${this.role} ${this.number} did not finish in time`, { cause: error })
    } finally {
      settled.abort()
    }
  }

  async end(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}
