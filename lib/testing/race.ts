// Real processes, released together. A file that calls `race` is its own worker: at its top, `contender` finds out whether
// this process is such a child, and serves its rounds.
//
//   const plays = { maker: (dir, round) => mkdirp(join(dir, String(round), 'a/b')) }
//   if (!contender(plays)) test('...', async () => { const rounds = await race(import.meta.url, { cast: { maker: 8 }, ... }) })

import { clock } from './race/clock.js'
import { Crew, crewVariable, type Ready } from './race/crew.js'
import type { Play, RaceOptions, Result } from './race/options.js'
import { raceWith } from './race/rounds.js'

export type { Play, RaceOptions, Result }

/** What the parent asks of a process. */
interface Asked {
  readonly role: string
  readonly number: number
  readonly dir: string
  readonly round: number
  readonly at: number
}

/**
 * In a child of `race`, serves its rounds and returns true. Elsewhere it returns false.
 *
 * @param plays What each role does in a round, by the name of the role.
 */
export function contender(plays: Readonly<Record<string, Play>>): boolean {
  if (!process.env[crewVariable]) return false
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ role, number, dir, round, at }: Asked) => {
    // A busy wait, because timers would release the processes one after the other.
    while (clock() < at);
    const began = clock()
    const result = await Promise.resolve()
      .then(() => plays[role]?.(dir, round, number))
      .then(
        value => ({ how: 'returned', value }),
        error => ({ how: 'threw', code: error?.code, message: String(error?.stack ?? error) }),
      )
    process.send?.({ ...result, began, ended: clock() })
  })
  process.send?.({ roles: Object.keys(plays) } satisfies Ready)
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
 * @param file The program that plays the roles: it calls `contender` first, and is often the caller's own.
 * @returns The result of each process, round by round.
 * @throws What `after` throws; the reason of `signal`; an Error when the time is over.
 */
export async function race(file: string, options: RaceOptions): Promise<Result[][]> {
  const crew = new Crew(file)
  try {
    return await raceWith(crew, options)
  } finally {
    await crew.end()
  }
}

/**
 * Did at least two processes act at the same moment?
 *
 * @param results What the processes of one round have done, with their times.
 */
export function overlaps(results: readonly Result[]): boolean {
  const byStart = [...results].sort((a, b) => a.began - b.began)
  return byStart.some((one, at) => at > 0 && one.began < Math.max(...byStart.slice(0, at).map(({ ended }) => ended)))
}
