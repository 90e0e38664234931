// What real processes do to one store on an engine of several machines, and what must hold afterwards.

import type { Store } from 'holdfast/store'
import type { Play, Result } from 'holdfast/testing'
import { assert, note } from './kit.js'

/** What became of the updates of one process. */
interface Added {
  /** Known to have been made. */
  readonly done: number
  /** `ERR_UNKNOWN_OUTCOME`, and `confirm` did not know either. */
  readonly unknown: number
  /** Found out by `confirm`. */
  readonly confirmed: number
}

/**
 * What each process does in a race: in the first round it updates one key many times, in the second it does the same as
 * people usually do it (`careless`), and in every later round all create one key.
 */
export function storePlay(open: () => Promise<Store<number>>, careless: () => Promise<unknown>, times: number): Play {
  let opened: Promise<Store<number>> | undefined
  return async (_dir, round, number) => {
    opened ??= open()
    const store = await opened
    if (round === 0) return await add(store, times)
    if (round === 1) return void (await careless())
    const { ok, entry } = await store.create(`made-${round}`, number)
    return { ok, winner: entry?.value }
  }
}

async function add(store: Store<number>, times: number): Promise<Added> {
  const added = { done: 0, unknown: 0, confirmed: 0 }
  for (let turn = 0; turn < times; turn++) {
    try {
      const { ok } = await store.update('count', old => old.value + 1, { retryFor: 60_000 })
      if (ok) added.done++
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_OUTCOME') throw error
      const outcome = await store.confirm(error).catch(() => 'unknown')
      if (outcome === 'done') added.confirmed++
      if (outcome === 'unknown') added.unknown++
      // What was not made is made once more.
      if (outcome === 'not done') turn--
    }
  }
  return added
}

const returned = <T>(results: readonly Result[]): T[] => {
  for (const { how, message, number } of results)
    if (how !== 'returned') throw new Error(`process ${number} ${how}: ${message ?? ''}`)
  return results.map(({ value }) => value as T)
}

/** Every update that was made is in the value, and no other. Returns how many were not known to be made. */
export async function assertAllKept(store: Store<number>, results: readonly Result[], times: number): Promise<number> {
  const all = returned<Added>(results)
  const sum = (name: keyof Added) => all.reduce((total, one) => total + one[name], 0)
  const [done, unknown, confirmed] = [sum('done'), sum('unknown'), sum('confirmed')]
  const value = (await store.get('count'))?.value ?? Number.NaN
  note(`${value} kept of ${times * all.length}: ${done} known, ${confirmed} confirmed, ${unknown} unknown`)
  assert.ok(value >= done + confirmed && value <= done + confirmed + unknown, `${value} of ${done} + ${confirmed}`)
  assert.is(done + confirmed + unknown, times * all.length)
  return unknown
}

/** One of the processes has made it, and all others were given what that one has made. */
export function assertOneMade(results: readonly Result[]): void {
  const all = returned<{ ok: boolean; winner: number }>(results)
  const winners = all.filter(({ ok }) => ok)
  assert.is(winners.length, 1, JSON.stringify(all))
  for (const { winner } of all) assert.is(winner, winners[0]?.winner)
}
