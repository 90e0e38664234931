// Many processes take turns at one thing. The processes are the same for all sides, and have done it before, each on a thing
// of its own, to warm up.

import { readFileSync, writeFileSync } from 'node:fs'
import { contender, type Result, race } from 'holdfast/testing'
import { median } from '../run/median.js'
import type { ContendedCell } from '../run/results.js'
import { stopped } from '../run/stop.js'
import type { Contest } from './contended/contest.js'
import { hits } from './contended/limits.js'
import { locking } from './contended/locks.js'
import { shuffled } from './rotate.js'

export const processes = 8
export const contests: readonly Contest[] = [locking, hits(processes)]

/** What is done in a round. The processes read it from a file, because the order is drawn at random. */
interface Round {
  readonly contest: string
  readonly side: string
  /** Each process has a thing of its own. */
  readonly alone: boolean
}

const roundIn = (dir: string): string => `${dir}/round`
const placeIn = (dir: string, round: number): string => `${dir}/shared ${round}`
const contestOf = ({ contest }: Round): Contest => contests.find(({ name }) => name === contest) as Contest

/** Returns the longest wait, in milliseconds. */
async function takeTurns(dir: string, round: number, number: number): Promise<number> {
  const now = JSON.parse(readFileSync(roundIn(dir), 'utf8')) as Round
  const { turns, sides, lay } = contestOf(now)
  const place = now.alone ? `${placeIn(dir, round)} ${number}` : placeIn(dir, round)
  if (now.alone) lay(place)
  const opened = await sides[now.side]?.(place)
  let longest = 0
  for (let turn = 0; turn < turns; turn++) {
    const since = performance.now()
    await opened?.turn()
    longest = Math.max(longest, performance.now() - since)
  }
  await opened?.close?.()
  return longest
}

contender({ taker: takeTurns })

function outcomeOf({ turns, countIn }: Contest, side: string, place: string, results: readonly Result[]) {
  const fallen = results.find(({ how }) => how !== 'returned')
  if (fallen) throw new Error(`${side}: a process ${fallen.how}: ${fallen.message}`)
  if (countIn && countIn(place) !== processes * turns) throw new Error(`${side} has lost a count`)
  const ms = Math.max(...results.map(({ ended }) => ended)) - Math.min(...results.map(({ began }) => began))
  return {
    perSecond: (processes * turns * 1000) / ms,
    longestWait: Math.max(...results.map(({ value }) => value as number)),
  }
}

export interface Contended {
  readonly contest: Contest
  readonly dir: string
  readonly filesystem: string
  readonly rounds: number
  readonly random: () => number
  readonly tick: () => void
}

export const roundsOf = ({ sides }: Contest, rounds: number): number => (1 + rounds) * Object.keys(sides).length

export async function contended(of: Contended): Promise<ContendedCell[]> {
  const { contest, dir, filesystem, rounds, random, tick } = of
  const names = Object.keys(contest.sides)
  const order = Array.from({ length: 1 + rounds }, (_, round) =>
    shuffled(names, random).map((side): Round => ({ contest: contest.name, side, alone: round === 0 })),
  ).flat()
  const outcomes = new Map(names.map(side => [side, [] as ReturnType<typeof outcomeOf>[]]))
  await race(import.meta.url, {
    ...{ dir, cast: { taker: processes }, rounds: order.length, timeout: order.length * 60_000, signal: stopped },
    before(round) {
      writeFileSync(roundIn(dir), JSON.stringify(order[round]))
      contest.lay(placeIn(dir, round))
    },
    after(results, round) {
      const { side, alone } = order[round] as Round
      if (!alone) outcomes.get(side)?.push(outcomeOf(contest, side, placeIn(dir, round), results))
      tick()
    },
  })
  return [...outcomes].map(([side, all]) => ({
    ...{ filesystem, contest: contest.name, side, perSecond: median(all.map(({ perSecond }) => perSecond)) },
    longestWait: median(all.map(({ longestWait }) => longestWait)),
  }))
}
