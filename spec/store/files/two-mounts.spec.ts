// Real processes at one store in a directory that is mounted twice, as on two machines, while replies get lost: what was
// done reports an error. No update is lost or made twice, and of those who create a key one is the maker.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileStore, type Store } from 'holdfast/store'
import { contender, overlaps, type Result } from 'holdfast/testing'
import { noFuse, onTwoMounts, pointOf } from '../../support/fuse.js'
import { assert, catchInRace, note, race, raced, sized } from '../../support/kit.js'

/** Each so many-th change of each mount loses its reply. */
const every = 7
const updates = sized(8, 200)
const rounds = sized(8, 200)

const opened = new Map<string, Store<unknown>>()
function storeIn<T>(mount: string): Store<T> {
  const store = opened.get(mount) ?? fileStore(join(mount, 'store'), { durability: 'none' })
  opened.set(mount, store)
  return store as Store<T>
}

type Confirming = Pick<Store<unknown>, 'confirm'>
type Outcome = 'made' | 'confirmed' | 'unknown'

/** Makes a change until it is made, or nobody knows. A question whose reply gets lost is asked again. */
async function persist<T>(store: Confirming, change: () => Promise<T>): Promise<readonly [Outcome, T?]> {
  for (;;) {
    try {
      return ['made', await change()]
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EIO' && code !== 'ERR_UNKNOWN_OUTCOME') throw error
      const outcome = code === 'EIO' ? 'not done' : await confirmed(store, error)
      if (outcome === 'done') return ['confirmed']
      if (outcome === 'ERR_UNKNOWN_OUTCOME') return ['unknown']
      assert.is(outcome, 'not done')
    }
  }
}

async function confirmed(store: Confirming, error: unknown): Promise<string> {
  for (;;) {
    const outcome = await store.confirm(error).catch(failure => failure.code)
    if (outcome !== 'EIO') return outcome
  }
}

const plays = {
  /** Adds its own words to a list. */
  adder: async (room: string, _round: number, number: number): Promise<Record<string, Outcome>> => {
    const store = storeIn<string>(pointOf(room, number))
    const became: Record<string, Outcome> = {}
    for (let turn = 0; turn < updates; turn++) {
      const word = `${number}.${turn}`
      const add = () => store.update('list', old => `${old.value} ${word}`, { retryFor: 60_000 })
      became[word] = (await persist(store, add))[0]
    }
    return became
  },
  creator: async (room: string, round: number, number: number) => {
    const store = storeIn<number>(pointOf(room, number))
    const [outcome, made] = await persist(store, () => store.create(`made-${round}`, number))
    return { ok: made?.ok ?? outcome === 'confirmed', winner: made?.entry?.value ?? (await winnerOf(store, round)) }
  },
  /** Takes an error for a failure, as usual. */
  careless: async (room: string, round: number, number: number) => {
    const ok = await writeFile(join(pointOf(room, number), `plain-${round}`), `${number}`, { flag: 'wx' }).then(
      () => true,
      () => false,
    )
    return { ok }
  },
}

async function winnerOf(store: Store<number>, round: number): Promise<number | undefined> {
  const entry = await store.get(`made-${round}`)
  return entry?.value
}

type Made = Awaited<ReturnType<typeof plays.creator>>
const valuesOf = <T>(results: readonly Result[]): T[] =>
  results.map(({ how, value, message }) => {
    if (how !== 'returned') throw new Error(`a process ${how}: ${message}`)
    return value as T
  })

/** Each word that was added is in the list once, each that was not is not, and there is no other. Returns what became of them. */
function assertAllThere(list: string, added: readonly Record<string, Outcome>[]): Readonly<Record<Outcome, number>> {
  const count = { made: 0, confirmed: 0, unknown: 0 }
  const words = list.split(' ')
  const times = (word: string) => words.filter(one => one === word).length
  const there = { known: 0, unknown: 0 }
  for (const [word, outcome] of added.flatMap(one => Object.entries(one))) {
    count[outcome]++
    if (outcome === 'unknown') there.unknown += times(word)
    else there.known += times(word)
    assert.ok(
      outcome === 'unknown' ? times(word) <= 1 : times(word) === 1,
      `${word} was ${outcome}: ${times(word)} times`,
    )
  }
  assert.is(words.length, 1 + there.known + there.unknown)
  return count
}

const why = noFuse()
const test = (name: string, body: () => Promise<void>) => (why ? raced.skip(name, why) : raced(name, body))

if (!contender(plays)) {
  test('two mounts of one directory, which lose replies: no update is lost, and none is made twice', () =>
    onTwoMounts(async ({ behind, room, points, loseEvery }) => {
      await storeIn<string>(behind).create('list', 'list')
      await loseEvery(every)
      const [results = []] = await race(import.meta.url, { dir: room, cast: { adder: 8 }, rounds: 1 })
      const lost = await loseEvery(0)
      const added = valuesOf<Record<string, Outcome>>(results)
      const [list, ...others] = await Promise.all(
        [behind, ...points].map(async dir => (await storeIn<string>(dir).get('list'))?.value as string),
      )
      assert.equal(others, [list, list])
      const { made, confirmed, unknown } = assertAllThere(list as string, added)
      note(`${lost} replies were lost: ${made} updates made, ${confirmed} confirmed, ${unknown} unknown`)
      assert.ok(lost > 8 && made + confirmed > 4 * updates && overlaps(results), 'no contention')
    }))

  test('two mounts of one directory, which lose replies: of eight that create a key one is the maker', () =>
    onTwoMounts(async ({ room, points, loseEvery }) => {
      await storeIn(points[0]).create('opened', 0)
      await loseEvery(every)
      const history = await race(import.meta.url, { dir: room, cast: { creator: 8 }, rounds })
      const lost = await loseEvery(0)
      const makers = new Set<number>()
      for (const results of history) {
        const all = valuesOf<Made>(results)
        const [maker, ...others] = results.filter(({ value }) => (value as Made).ok)
        assert.equal([maker === undefined, others], [false, []])
        for (const { winner } of all) assert.is(winner, maker?.number)
        makers.add(maker?.number as number)
      }
      note(`${rounds} keys, made by ${makers.size} of 8 processes, ${lost} replies were lost`)
      assert.ok(lost >= rounds / 2 && makers.size > 1 && history.every(overlaps), 'no contention')
    }))

  test('two mounts of one directory, which lose replies, catch: who takes an error for a failure', () =>
    onTwoMounts(async ({ room, loseEvery }) => {
      await loseEvery(3)
      const nobody = (results: readonly Result[]) => valuesOf<{ ok: boolean }>(results).every(({ ok }) => !ok)
      const caught = await catchInRace(import.meta.url, { dir: room, cast: { careless: 8 }, rounds: 50 }, nobody)
      note(`in round ${caught} nobody was the maker of what is there`)
      await loseEvery(0)
    }))
}
