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
