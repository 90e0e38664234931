// Races of real processes at one store, for each engine: a file passes how a process opens the store in a place, and is its
// own worker.
//
//   const plays = storePlays(place => myStore(place))
//   if (!contender(plays)) raceStore(import.meta.url, 'my engine', () => freshPlace())

import type { Store } from 'holdfast/store'
import { assertLinearizable, type Operation, overlaps, type Play, type Result } from 'holdfast/testing'
import { getsThenSets, looksThenCreates } from '../broken/stores.js'
import { assert, catchInRace, clock, note, race, raced, sized } from './kit.js'
import { type Input, keyModel, type Output } from './timed-model.js'

type Numbers = Store<number>

const processes = 8
const updates = sized(50, 500)
const creates = sized(25, 200)
/** Milliseconds in a round of random calls. */
const randomMs = sized(700, 1000)
const randomRounds = sized(2, 60)

interface Updated {
  /** What the last update of this process has made of the count. */
  readonly last: number
  /** How often the function was called again, because another process was first. */
  readonly again: number
}

async function update(store: Numbers): Promise<Updated> {
  let calls = 0
  let last = 0
  await store.create('n', 0)
  for (let made = 0; made < updates; made++) {
    const { entry } = await store.update('n', ({ value }) => {
      calls++
      return value + 1
    })
    last = entry?.value ?? Number.NaN
  }
  return { last, again: calls - updates }
}

const countOf = (results: readonly Result[]): number => Math.max(...results.map(({ value }) => (value as Updated).last))

const pick = <A>(things: readonly A[]): A => things[Math.floor(Math.random() * things.length)] as A

/** Makes random calls of a few keys for a while, and returns what each asked for and got, and when. */
async function callAtRandom(store: Numbers, round: number): Promise<Operation<Input, Output>[]> {
  const history: Operation<Input, Output>[] = []
  const versions = new Map<string, string>()
  const until = clock() + randomMs
  while (clock() < until) {
    const key = `${round}-${pick(['a', 'b'])}`
    const asked = pick(calls)(versions.get(key))
    const call = clock()
    const from = Date.now()
    const output = await make(store, { ...asked, key })
    if (output.entry && !output.entry.gone) versions.set(key, output.entry.version)
    history.push({ process: process.pid, input: { ...asked, key, from, to: Date.now() }, output, call, ended: clock() })
  }
  return history
}

type Asked = Omit<Input, 'key' | 'from' | 'to'>

const calls: readonly ((version: string | undefined) => Asked)[] = [
  () => ({ op: 'get' }),
  () => ({ op: 'create' }),
  () => ({ op: 'create', ttl: pick([3, 30]) }),
  () => ({ op: 'update' }),
  ifVersion => ({ op: 'update', ifVersion }),
  () => ({ op: 'touch', ttl: pick([2, 20, 200]) }),
  ifVersion => ({ op: 'remove', ifVersion }),
  () => ({ op: 'remove', tombstone: pick([2, 10]) }),
]

async function make(store: Numbers, asked: Asked & { readonly key: string }): Promise<Output> {
  const { op, key, ttl, tombstone, ifVersion } = asked
  if (op === 'get') return { entry: await store.get(key) }
  if (op === 'create') return store.create(key, 0, { ttl })
  if (op === 'touch') return store.touch(key, ttl as number, { ifVersion })
  if (op === 'remove') return store.remove(key, { tombstone, ifVersion })
  return store.update(key, ({ value }) => value + 1, { ifVersion })
}

/** The last three are the same races with a text that is broken, for the proof that a race can fail. */
export function storePlays(open: (place: string) => Numbers): Record<string, Play> {
  const stores = new Map<string, Numbers>()
  const storeAt = (place: string): Numbers => {
    const store = stores.get(place) ?? open(place)
    stores.set(place, store)
    return store
  }
  const create = async (store: Numbers, round: number, number: number) => store.create(`k${round}`, number)
  return {
    updater: place => update(storeAt(place)),
    creator: (place, round, number) => create(storeAt(place), round, number),
    caller: (place, round) => callAtRandom(storeAt(place), round),
    'broken-updater': place => update(getsThenSets(storeAt(place))),
    'broken-creator': (place, round, number) => create(looksThenCreates(storeAt(place)), round, number),
    'broken-caller': (place, round) => callAtRandom(getsThenSets(storeAt(place)), round),
  }
}

function allReturned(results: readonly Result[]): void {
  const bad = results.find(({ how }) => how !== 'returned')
  if (bad) throw new Error(`a process ${bad.how}: ${bad.message}`)
}

type Created = { readonly ok: boolean; readonly entry: { readonly value: number; readonly version: string } }

function oneMade(results: readonly Result[]): boolean {
  const all = results.map(({ value }) => value as Created)
  const made = all.filter(({ ok }) => ok)
  return made.length === 1 && all.every(({ entry }) => entry.version === made[0]?.entry.version)
}

const historyOf = (results: readonly Result[]): Operation<Input, Output>[] =>
  results.flatMap(({ value }) => value as Operation<Input, Output>[])

/** Checks a round of random calls, and returns how many calls it had. */
function checkHistory(results: readonly Result[]): number {
  allReturned(results)
  const history = historyOf(results)
  const versions = history.flatMap(({ input: { op }, output }) =>
    (op === 'create' || op === 'update') && output?.ok ? [output.entry?.version] : [],
  )
  assert.is(new Set(versions).size, versions.length, 'a version was used twice')
  assertLinearizable(keyModel, history)
  return history.length
}

/** Declares the races: `what` is the engine, `fresh` makes a place where no store was before. */
export function raceStore(file: string, what: string, fresh: () => string): void {
  raced(`${what}: ${processes} processes x ${updates} updates of one key, and none is lost`, async () => {
    const [results = []] = await race(file, { dir: fresh(), cast: { updater: processes }, rounds: 1 })
    allReturned(results)
    assert.is(countOf(results), processes * updates)
    const again = results.reduce((sum, { value }) => sum + (value as Updated).again, 0)
    assert.ok(again > 0, 'no process ever came in the way of another')
    note(`${countOf(results)} kept; another process was first ${again} times`)
  })
  raced(`${what}: of ${processes} creates of one key one makes the entry, and the others get that`, async () => {
    let together = 0
    const after = (results: readonly Result[], round: number) => {
      allReturned(results)
      if (overlaps(results)) together++
      assert.ok(oneMade(results), `round ${round}: ${JSON.stringify(results.map(({ value }) => value))}`)
    }
    await race(file, { dir: fresh(), cast: { creator: processes }, rounds: creates, after })
    assert.ok(together > creates / 2, `only ${together} rounds in which calls overlapped`)
    note(`${creates} rounds, in ${together} of them calls overlapped`)
  })
  raced(`${what}: random calls of ${processes} processes are linearizable, and no version comes twice`, async () => {
    let made = 0
    const after = (results: readonly Result[]) => {
      made += checkHistory(results)
    }
    await race(file, { dir: fresh(), cast: { caller: processes }, rounds: randomRounds, after })
    note(`${made} calls`)
  })
}

/** The same races of the broken text are lost. */
export function catchStore(file: string, what: string, fresh: () => string): void {
  raced(`${what}: a text that gets and then sets is caught`, async () => {
    const updater = { 'broken-updater': processes }
    const lost = await catchInRace(file, { dir: fresh(), cast: updater, rounds: 1 }, results => {
      allReturned(results)
      return countOf(results) < processes * updates
    })
    const creator = { 'broken-creator': processes }
    const made = await catchInRace(file, { dir: fresh(), cast: creator, rounds: creates }, results => !oneMade(results))
    const caller = { 'broken-caller': processes }
    const random = await catchInRace(file, { dir: fresh(), cast: caller, rounds: 5 }, results => {
      try {
        checkHistory(results)
        return false
      } catch {
        return true
      }
    })
    note(`caught in round ${lost}, ${made} and ${random}`)
  })
}
