// Real processes, each with copies in its own memory of what is in a directory that all share: no update is lost, and no value
// is read for longer than copies are trusted.

import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileStore, memoryStore, type Store, tiers } from 'holdfast/store'
import { contender, type Result } from 'holdfast/testing'
import { Floor } from '../../support/floor.js'
import { assert, catchInRace, clock, note, race, raced, scratch, sized } from '../../support/kit.js'
import { raceAdders, storePlays } from '../../support/store-races.js'

const trust = 40
/** The two clocks by which the store and this race judge differ by less (ms). */
const grain = 2

const truthIn = <T>(dir: string): Store<T> => fileStore<T>(join(dir, 'store'), { durability: 'none' })
const tiersIn = <T>(dir: string, most = trust): Store<T> => tiers([memoryStore<T>(), truthIn<T>(dir)], { trust: most })

const reads = sized(3_000, 50_000)

interface Reading {
  /** Of a value that was replaced before the read began: a copy. */
  copies: number
  /** For longer than copies are trusted. */
  old: number
}

async function read(store: Store<number>, floor: Floor): Promise<Reading> {
  const did: Reading = { copies: 0, old: 0 }
  const seen: { readonly atMs: number; readonly value: number }[] = []
  for (let nth = 0; nth < reads; nth++) {
    const least = floor.read()
    const nowMs = clock()
    seen.push({ atMs: nowMs, value: least })
    while ((seen[1]?.atMs ?? nowMs) < nowMs - trust - grain) seen.shift()
    const first = seen[0] as (typeof seen)[number]
    const { value = -1 } = (await store.get('k')) ?? {}
    if (value < least) did.copies++
    if (first.atMs < nowMs - trust - grain && value < first.value) did.old++
    // Others have a turn, and time passes.
    if (nth % 10 === 0) await pause(1)
  }
  return did
}

const plays = {
  ...storePlays('tiers', async dir => tiersIn(dir)),
  writer: async (dir: string): Promise<void> => {
    const [store, floor] = [tiersIn<number>(dir), new Floor(join(dir, 'floor'))]
    for (let turn = 0; turn < reads / 10; turn++) {
      const { entry } = await store.update('k', old => old.value + 1)
      // A read of the directory that begins from now on finds this value.
      floor.raise(entry?.value as number)
      await pause(1)
    }
  },
  reader: (dir: string) => read(tiersIn(dir), new Floor(join(dir, 'floor'))),
  trusting: (dir: string) => read(tiersIn(dir, Number.POSITIVE_INFINITY), new Floor(join(dir, 'floor'))),
}

const sumOf = (results: readonly Result[], what: keyof Reading): number =>
  results.reduce((sum, { role, value }) => sum + (role === 'writer' ? 0 : (value as Reading)[what]), 0)

function laid(): string {
  const dir = scratch()
  truthIn<number>(dir).create.sync('k', 0)
  Floor.lay(join(dir, 'floor'), 0)
  return dir
}

if (!contender(plays)) {
  raced('race: of what eight processes add through tiers, nothing is lost', async () => {
    const dir = scratch()
    await raceAdders({ file: import.meta.url, name: 'tiers', dir, store: tiersIn(dir) })
  })

  raced('race: no copy is returned for longer than copies are trusted', async () => {
    const cast = { writer: 1, reader: 7 }
    const [results = []] = await race(import.meta.url, { dir: laid(), cast, rounds: 1 })
    for (const { message } of results) assert.is(message, undefined)
    const [copies, old] = [sumOf(results, 'copies'), sumOf(results, 'old')]
    note(`${7 * reads} reads, ${copies} of a copy of what was replaced, ${old} old`)
    assert.is(old, 0)
    assert.ok(copies > 20, 'no contention')
  })

  raced('the same race catches: copies that are trusted for ever', async () => {
    const isOld = (results: readonly Result[]) => sumOf(results, 'old') > 0
    await catchInRace(import.meta.url, { dir: laid(), cast: { writer: 1, trusting: 1 }, rounds: 3 }, isOld)
  })
}
