// The rounds of a contest: which package's turn it is in each, where, and what the processes do in it.

import { join } from 'node:path'
import type { Rules } from './rules.js'
import type { Counts } from './score.js'
import { Turn } from './turn.js'

/** The environment variable that passes the run's seed to the processes. */
export const seedVariable = 'HOLDFAST_BENCH_SEED'

/** What a process returns for a round. */
export interface Reply<Said> {
  readonly counts: Counts
  readonly why: string | undefined
  readonly said: Said
}

/** Which package's turn it is in a round, and where. */
export function turnOf<Way, Said>({ ways, acts = 1 }: Rules<Way, Said>, round: number) {
  const names = Object.keys(ways)
  const turn = Math.floor(round / acts)
  const name = names[turn % names.length] as string
  return { name, way: ways[name] as Way, act: round % acts, place: String(turn) }
}

export const marksOf = (place: string): string => `${place}.marks`

/** The plays in the form that `race` takes. */
export function played<Way, Said>(rules: Rules<Way, Said>) {
  const seed = Number(process.env[seedVariable])
  return Object.fromEntries(
    Object.entries(rules.plays).map(([role, play], at) => [
      role,
      async (dir: string, round: number, number: number): Promise<Reply<Said>> => {
        const { way, act, place } = turnOf(rules, round)
        const own = seed + ((round * 16 + at) * 16 + number)
        const turn = new Turn(join(dir, place), number, act, own, join(dir, marksOf(place)))
        try {
          const said = await play(way, turn)
          return { counts: turn.score.counts, why: turn.score.why, said }
        } finally {
          turn.mark(`${role}-over-${number}`)
        }
      },
    ]),
  )
}
