// Real processes at one store, whose entries and tombstones end all the time: everything that each call returned fits into
// one order, and its times are those of the clock; no version comes twice.

import { fileStore, type Store } from 'holdfast/store'
import { assertLinearizable, contender, type Operation, type Result } from 'holdfast/testing'
import { getsThenSets } from '../broken/stores.js'
import { assert, catchInRace, clock, note, places, race, raced, scratch, sized } from '../support/kit.js'
import { type Input, keyModel, type Output } from '../support/timed-model.js'

type Numbers = Store<number>
type Did = Operation<Input, Output>

/** Milliseconds in a round. */
const roundMs = sized(700, 1000)
const rounds = sized(2, 60)

const pick = <A>(things: readonly A[]): A => things[Math.floor(Math.random() * things.length)] as A

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

/** Makes random calls of a few keys for a while, and returns what each asked for and got, and when. */
async function callAtRandom(store: Numbers, round: number): Promise<Did[]> {
  const history: Did[] = []
  const versions = new Map<string, string>()
  const until = clock() + roundMs
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

/** Checks a round, and returns how many calls it had. */
function checkHistory(results: readonly Result[]): number {
  const bad = results.find(({ how }) => how !== 'returned')
  if (bad) throw new Error(`a process ${bad.how}: ${bad.message}`)
  const history = results.flatMap(({ value }) => value as Did[])
  const versions = history.flatMap(({ input: { op }, output }) =>
    (op === 'create' || op === 'update') && output?.ok ? [output.entry?.version] : [],
  )
  assert.is(new Set(versions).size, versions.length, 'a version was used twice')
  assertLinearizable(keyModel, history)
  return history.length
}

const open = (dir: string): Numbers => fileStore<number>(dir, { durability: 'none' })

const plays = {
  caller: (dir: string, round: number) => callAtRandom(open(dir), round),
  careless: (dir: string, round: number) => callAtRandom(getsThenSets(open(dir)), round),
}

if (!contender(plays)) {
  for (const { kind, dir } of sized(places.slice(-1), places))
    raced(`files on ${kind}: random calls of 8 processes fit into one order, and no version comes twice`, async () => {
      let made = 0
      const after = (results: readonly Result[]) => {
        made += checkHistory(results)
      }
      await race(import.meta.url, { dir: scratch(dir), cast: { caller: 8 }, rounds, after })
      note(`${made} calls`)
    })
  raced('a text that gets and then sets is caught', async () => {
    const cast = { careless: 8 }
    const round = await catchInRace(import.meta.url, { dir: scratch(places.at(-1)?.dir), cast, rounds: 5 }, results => {
      try {
        checkHistory(results)
        return false
      } catch {
        return true
      }
    })
    note(`caught in round ${round}`)
  })
}
