// A scope is dropped beside eight writers, on files: each of nine processes has objects of its own.

import { join } from 'node:path'
import { fileStore, getOrSet, memo, type Scope, type Store, scope } from 'holdfast/store'
import { contender, type Result } from 'holdfast/testing'
import { innerOf } from '../../lib/store/inner.js'
import { memoisedGeneration } from '../broken/scopes.js'
import { assert, catchInRace, clock, note, places, race, raced, scratch, sized } from '../support/kit.js'

const keys = ['a', 'b', 'c']

const storeIn = (dir: string) => fileStore<string>(join(dir, 'store'), { durability: 'none' })

/** One for each process, for all rounds: what it remembers of the rounds before is a part of the race. */
const opened = new Map<string, Store<string>>()
function once<S extends Store<string>>(dir: string, open: (dir: string) => S): S {
  const known = (opened.get(dir) as S | undefined) ?? open(dir)
  opened.set(dir, known)
  return known
}

const scopeIn = (dir: string): Scope<string> => once(dir, at => scope(memo(storeIn(at), { max: 100 }), 's'))
const naiveIn = (dir: string) => once(dir, at => memoisedGeneration(innerOf<string>(storeIn(at)).backing).members)

/** What was found, and when each of its values was certainly written. */
const valuesIn = async (one: Store<string>): Promise<string[]> =>
  [...(await one.getMany(keys)).values()].map(({ value }) => value)

interface Wrote {
  /** When each value was stored, by what it says. */
  readonly ended: Readonly<Record<string, number>>
  readonly found: readonly string[]
  readonly sources: readonly string[]
}

async function write(dir: string, round: number, number: number): Promise<Wrote> {
  const one = scopeIn(dir)
  const wrote = { ended: {} as Record<string, number>, found: [] as string[], sources: [] as string[] }
  const until = performance.now() + 12
  // A busy machine may leave it no time.
  for (let turn = 0; performance.now() < until || turn < 4; turn++) {
    const key = keys[(number + turn) % keys.length] as string
    const value = `${round}:${number}-${turn}`
    if (turn % 3 === 0) {
      const got = await getOrSet(one, key, () => value, { claim: number % 2 === 0 })
      wrote.sources.push(got.source)
      wrote.found.push(got.value as string)
    } else if (turn % 3 === 1) await one.create(key, value)
    else await one.update(key, value)
    wrote.ended[value] = clock()
  }
  return wrote
}

const plays = {
  writer: write,
  dropper: async (dir: string) => {
    const one = scopeIn(dir)
    await new Promise(resolve => setTimeout(resolve, Math.random() * 8))
    const began = clock()
    const dropped = await one.drop()
    const found: string[] = []
    // Once at once, and then while the writers go on.
    for (let looks = 0; looks < 10; looks++) found.push(...(await valuesIn(one)))
    return { dropped, began, found, sources: [] }
  },
  reader: async (dir: string) => ({ found: await valuesIn(scopeIn(dir)) }),
  naive: async (dir: string) => ({ found: await valuesIn(naiveIn(dir)) }),
}

type Said = Partial<Wrote> & { readonly began?: number; readonly dropped?: boolean; readonly found: readonly string[] }
const said = ({ value, message }: Result): Said => {
  assert.is(message, undefined)
  return value as Said
}

/** The values that must not be found any more: of rounds before, or written before the drop of this round began. */
function oldOnes(results: readonly Result[], round: number): string[] {
  const all = results.map(said)
  const ended = Object.assign({ [`${round}:laid`]: 0 }, ...all.map(one => one.ended ?? {})) as Record<string, number>
  const ofBefore = all.flatMap(({ found }) => found).filter(value => !value.startsWith(`${round}:`))
  const [drop] = all.filter(({ began }) => began !== undefined)
  const dropped = (drop?.found ?? []).filter(value => (ended[value] ?? Number.POSITIVE_INFINITY) < (drop?.began ?? 0))
  return [...ofBefore, ...dropped]
}

if (!contender(plays)) {
  /** Each round begins with a drop, and values of its own. */
  const lay = (dir: string) => {
    const one = scope(storeIn(dir), 's')
    return (round: number) => {
      one.drop.sync()
      for (const key of keys) one.create.sync(key, `${round}:laid`)
    }
  }

  for (const { kind, dir: place } of sized(places.slice(0, 1), places))
    raced(`race on ${kind}: when a drop beside eight writers has returned, no value of before is found`, async () => {
      const dir = scratch(place)
      const seen = { drops: 0, amid: 0, found: 0, unstored: 0, old: [] as string[] }
      const after = (results: readonly Result[], round: number) => {
        seen.old.push(...oldOnes(results, round))
        const all = results.map(said)
        const { dropped, began = 0, found = [] } = all.find(one => one.began !== undefined) ?? {}
        const times = all.flatMap(({ ended = {} }) => Object.values(ended))
        if (dropped) seen.drops++
        if (found.length > 0) seen.found++
        if (times.some(one => one < began) && times.some(one => one > began)) seen.amid++
        seen.unstored += all.flatMap(({ sources = [] }) => sources).filter(source => source === 'unstored').length
      }
      const rounds = sized(20, 1_000)
      await race(import.meta.url, { dir, before: lay(dir), after, cast: { writer: 8, dropper: 1 }, rounds })
      const { drops, amid, found, unstored, old } = seen
      note(
        `${kind}: ${drops} drops, ${amid} amid writes, ${found} with newer values, ${unstored} unstored, ${old.length} old`,
      )
      assert.equal(old, [])
      assert.ok(drops === rounds && amid > rounds / 10, 'no contention')
      const one = scope(storeIn(dir), 's')
      await one.drop()
      await one.sweep()
      assert.equal([...storeIn(dir).keys()], [])
    })

  raced('race: readers beside a drop make no generation', async () => {
    const dir = scratch()
    const after = () =>
      assert.equal(
        [...storeIn(dir).keys()].filter(key => key === 'scope/s'),
        [],
      )
    const cast = { reader: 3, dropper: 1 }
    const rounds = sized(10, 1_000)
    const all = await race(import.meta.url, { dir, before: lay(dir), after, cast, rounds })
    assert.ok(
      all.flat().some(result => said(result).found.length > 0),
      'no contention',
    )
  })

  raced('the same race catches: a generation that is kept in memory', async () => {
    const dir = scratch()
    const cast = { naive: 2, dropper: 1 }
    const isOld = (results: readonly Result[], round: number) => oldOnes(results, round).length > 0
    await catchInRace(import.meta.url, { dir, before: lay(dir), cast, rounds: 20 }, isOld)
  })
}
