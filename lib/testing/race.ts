// Real processes, released together. A file that calls `race` is its own worker: `contender`, at its top, tells a child
// from the parent, and serves the child's rounds.
//
//   const plays = { maker: (dir, round) => mkdirp(join(dir, String(round), 'a/b')) }
//   if (!contender(plays)) test('...', async () => { const rounds = await race(import.meta.url, { cast: { maker: 8 }, ... }) })

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What a process does in one round. Its answer goes to the parent as JSON. */
export type Play = (dir: string, round: number, number: number) => unknown

export interface Result {
  readonly role: string
  /** Which of those in this role, from 0. */
  readonly number: number
  readonly how: 'returned' | 'threw' | 'died'
  readonly value?: unknown
  readonly code?: string | undefined
  readonly message?: string
  /** Milliseconds on the machine's clock: when it began, and when it was done. */
  readonly began: number
  readonly ended: number
}

export interface RaceOptions {
  /** Where they play; each round gets the same directory, and its number. */
  readonly dir: string
  /** How many processes in which role. */
  readonly cast: Readonly<Record<string, number>>
  /** @default 100 */
  readonly rounds?: number
  /** Milliseconds for the whole race; then it fails, naming who had not answered. @default 60_000 */
  readonly timeout?: number
  /** Ends it, with the signal's own reason, when all its processes are gone. */
  readonly signal?: AbortSignal
  /** Before each round, in the parent: lays out what the processes find. */
  readonly before?: (round: number) => void
  /** After each round, in the parent: throws if it went wrong. */
  readonly after?: (results: readonly Result[], round: number) => void
}

const roleVariable = 'HOLDFAST_CONTENDER'

/** In a child: serves its rounds, and answers true. In the parent: false. */
export function contender(plays: Readonly<Record<string, Play>>): boolean {
  const [role = '', number = '0'] = process.env[roleVariable]?.split(' ') ?? []
  const play = plays[role]
  if (!process.env[roleVariable]) return false
  if (!play) throw new Error(`No play for the role "${role}"`)
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ dir, round, at }: { dir: string; round: number; at: number }) => {
    // Waiting busily, because a timer would release them one after the other.
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

/** One clock for all the processes of this machine. */
const clock = (): number => performance.timeOrigin + performance.now()

/**
 * Runs rounds in which all the processes start at one moment.
 *
 * Holds afterwards: every process that it started has ended. Those that died in a round (`how: 'died'`) were replaced
 * for the next.
 *
 * Not promised: that they really collide; count it (`overlaps`, or what they answer), and insist on it.
 *
 * @returns What each process answered, round by round.
 * @throws What `after` throws; the reason of `signal`; an Error when the time is over.
 */
export async function race(file: string, options: RaceOptions): Promise<Result[][]> {
  const { dir, cast, rounds = 100, timeout = 60_000, signal, before, after } = options
  signal?.throwIfAborted()
  const deadline = AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])])
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
    signal?.throwIfAborted()
    throw error
  } finally {
    await Promise.all(seats.map(seat => seat.end()))
  }
}

/** Did at least two of them act at the same moment? */
export function overlaps(results: readonly Result[]): boolean {
  const byStart = [...results].sort((a, b) => a.began - b.began)
  return byStart.some((one, at) => at > 0 && one.began < Math.max(...byStart.slice(0, at).map(({ ended }) => ended)))
}

/** The place of one process, which is filled again when it dies. */
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
    await this.#hear(this.#child)
  }

  async play(message: object): Promise<Result> {
    const child = this.#child as ChildProcess
    const began = clock()
    // Who dies may do so before it has the message; the answer is that it died.
    child.send(message, () => {})
    const answer = await this.#hear(child)
    if (answer) return { role: this.role, number: this.number, ...answer }
    this.#child = undefined
    return { role: this.role, number: this.number, how: 'died', began, ended: clock() }
  }

  /** What the child says next; undefined when it dies instead. */
  async #hear(child: ChildProcess): Promise<Omit<Result, 'role' | 'number'> | undefined> {
    const heard = new AbortController()
    const signal = AbortSignal.any([this.deadline, heard.signal])
    try {
      const said = once(child, 'message', { signal }).then(([message]) => message)
      const died = once(child, 'exit', { signal }).then(() => undefined)
      return await Promise.race([said, died])
    } catch (error) {
      if (!this.deadline.aborted) throw error
      throw new Error(`${this.role} ${this.number} has not answered in time`, { cause: error })
    } finally {
      heard.abort()
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
