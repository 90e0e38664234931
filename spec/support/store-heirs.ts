// The holder of a claim is killed in the middle of its work: one other begins, never two at once, with a greater fence. Where
// the death is evident that is at once; where it cannot be known, as on another machine, after the lease.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { getOrSet, type Store } from 'holdfast/store'
import type { Play, Result } from 'holdfast/testing'
import { assert, catchInRace, clock, note, race, sized } from './kit.js'
import type { Race } from './store-race.js'
import { elsewhere } from './stores.js'

type Numbers = Store<number>

/** Milliseconds, where the next waits for it. */
const leaseMs = 600
/** Where it does not: whoever begins at all has not waited for this. */
const longLeaseMs = 3_600_000

interface Died {
  readonly fence: number
  readonly atMs: number
  /** When it began to claim. */
  readonly calledMs: number
}

interface Worked {
  readonly fence: number
  readonly beganMs: number
}

const heldIn = (dir: string, round: number): string => join(dir, `held-${round}`)
const deathOf = (dir: string, round: number): string => join(dir, `died-${round}`)

async function die(store: Numbers, dir: string, round: number, lease: number): Promise<void> {
  const calledMs = clock()
  const work = async ({ fence }: { readonly fence: number }) => {
    writeFileSync(heldIn(dir, round), '')
    // The others wait meanwhile.
    await pause(60)
    writeFileSync(deathOf(dir, round), JSON.stringify({ fence, atMs: clock(), calledMs } satisfies Died))
    process.kill(process.pid, 'SIGKILL')
    return 0
  }
  await getOrSet(store, `mortal-${round}`, work, { lease })
}

/** Of several, all but one are given what that one makes. */
async function inherit(store: Numbers, dir: string, round: number): Promise<Worked | undefined> {
  while (!existsSync(heldIn(dir, round))) await pause(1)
  let worked: Worked | undefined
  await getOrSet(store, `mortal-${round}`, ({ fence }) => {
    worked = { fence, beganMs: clock() }
    return fence
  })
  return worked
}

/** Takes the claim for forgotten, and does not wait for its end. */
async function inheritAtOnce(store: Numbers, dir: string, round: number): Promise<Worked> {
  while (!existsSync(heldIn(dir, round))) await pause(1)
  await store.remove(`mortal-${round}`)
  return { fence: 1, beganMs: clock() }
}

export function heirPlays(name: string, storeAt: (dir: string) => Promise<Numbers>): Record<string, Play> {
  /** Of another machine: nothing that is here says whether it lives. */
  const farAt = async (dir: string) => elsewhere(await storeAt(dir), `far-${process.pid}`)
  return {
    [`${name}-mortal`]: async (dir, round) => die(await storeAt(dir), dir, round, longLeaseMs),
    [`${name}-heir`]: async (dir, round) => inherit(await storeAt(dir), dir, round),
    [`${name}-far-mortal`]: async (dir, round) => die(await farAt(dir), dir, round, leaseMs),
    [`${name}-held-long`]: async (dir, round) => die(await farAt(dir), dir, round, longLeaseMs),
    [`${name}-far-heir`]: async (dir, round) => inherit(await farAt(dir), dir, round),
    [`${name}-hasty-heir`]: async (dir, round) => inheritAtOnce(await farAt(dir), dir, round),
  }
}

/** Who died, and who worked after that. Throws if that is not one. */
function judge(results: readonly Result[], dir: string, round: number): readonly [Died, Worked] {
  for (const { how, message } of results) if (how === 'threw') throw new Error(message)
  const died = JSON.parse(readFileSync(deathOf(dir, round), 'utf8')) as Died
  const all = results.flatMap(({ value }) => (value ? [value as Worked] : []))
  const [worked] = all
  if (!worked || all.length > 1) throw new Error(`${all.length} have worked`)
  if (worked.fence <= died.fence) throw new Error(`fence ${worked.fence} after ${died.fence}`)
  return [died, worked]
}

/** Says how soon it was, which a machine that does other things decides as well. */
function noteDelays(name: string, delays: readonly number[]): void {
  const sorted = delays.toSorted((a, b) => a - b)
  const [median, most] = [sorted[delays.length >> 1] as number, sorted.at(-1) as number]
  const soon = delays.filter(ms => ms <= 50).length
  note(
    `${name}: the next began ${Math.round(median)} ms after the death (median of ${delays.length}), at most ${Math.round(most)} ms; ${soon} within 50 ms`,
  )
}

/** On one machine, the next begins at once, not after a lease. */
export async function raceHeirs({ file, name, dir }: Race): Promise<void> {
  const delays: number[] = []
  const after = (results: readonly Result[], round: number) => {
    const [died, worked] = judge(results, dir, round)
    assert.ok(worked.beganMs > died.atMs, 'two at once')
    delays.push(worked.beganMs - died.atMs)
  }
  const cast = { [`${name}-mortal`]: 1, [`${name}-heir`]: sized(2, 3) }
  await race(file, { dir, cast, rounds: sized(4, 100), after })
  noteDelays(name, delays)
}

/** Was it too early? The holder may have come to life again on a machine that did other things for a whole lease. */
const isTooEarly = ({ atMs, calledMs }: Died, { beganMs }: Worked, lease: number): boolean =>
  beganMs - calledMs < lease || (beganMs <= atMs && atMs - calledMs < lease)

/** Where nothing says whether the holder lives, the next begins after its lease, and not before. */
export async function raceFarHeirs({ file, name, dir }: Race): Promise<void> {
  const delays: number[] = []
  const after = (results: readonly Result[], round: number) => {
    const [died, worked] = judge(results, dir, round)
    assert.not.ok(isTooEarly(died, worked, leaseMs), JSON.stringify({ died, worked }))
    delays.push(worked.beganMs - died.calledMs)
  }
  const cast = { [`${name}-far-mortal`]: 1, [`${name}-far-heir`]: 2 }
  await race(file, { dir, cast, rounds: sized(2, 100), after })
  noteDelays(`${name}, far away, with a lease of ${leaseMs} ms, counted from the claim`, delays)
}

/** The same, where claims are taken away without waiting. */
export async function raceHastyHeirs({ file, name, dir }: Race): Promise<void> {
  const isHasty = (results: readonly Result[], round: number) => {
    try {
      return isTooEarly(...judge(results, dir, round), longLeaseMs)
    } catch {
      return true
    }
  }
  const cast = { [`${name}-held-long`]: 1, [`${name}-hasty-heir`]: 1 }
  await catchInRace(file, { dir, cast, rounds: 3 }, isHasty)
}
