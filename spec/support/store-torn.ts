// Values of 64 KiB in a store on any engine, which two processes replace and six read: each is whole, and there always is one.

import type { Store } from 'holdfast/store'
import { overlaps, type Play, type Result } from 'holdfast/testing'
import { assert, note, race, sized } from './kit.js'
import type { Race } from './store-race.js'

const bytes = 64 * 1024
const readers = 6
/** Of each reader. */
const reads = sized(40, 1_700)

interface Values {
  get(): Promise<string | undefined>
  set(value: string): Promise<unknown>
}

/** Consists of its number. */
const wholeOf = (number: number): string => `${number}`.padStart(16, '0').repeat(bytes / 16)
const isWhole = (value: string): boolean => value === wholeOf(Number(value.slice(0, 16)))

const inOne = (store: Store<string>): Values => ({
  get: async () => (await store.get('whole'))?.value,
  set: value => store.update('whole', value),
})

/** As people do it where a value is too long for one: in two parts, each with a key of its own. */
const inParts = (store: Store<string>): Values => {
  const partOf = async (name: string) => (await store.get(name))?.value ?? ''
  return {
    get: async () => `${await partOf('first')}${await partOf('second')}`,
    async set(value) {
      await store.update('first', value.slice(0, bytes / 2))
      await store.update('second', value.slice(bytes / 2))
    },
  }
}

interface Seen {
  readonly torn: number
  readonly absent: number
  readonly changes: number
}

async function write({ set }: Values, number: number): Promise<undefined> {
  for (let turn = 0; turn < reads; turn++) await set(wholeOf(number * reads + turn))
  return undefined
}

async function read({ get }: Values): Promise<Seen> {
  const seen = { torn: 0, absent: 0, changes: 0 }
  let last: string | undefined
  for (let turn = 0; turn < reads; turn++) {
    const value = await get()
    if (value === undefined) seen.absent++
    else if (!isWhole(value)) seen.torn++
    if (value !== last) seen.changes++
    last = value
  }
  return seen
}

/** The first round is that of the store, the second that of the parts. */
export function tornPlays(name: string, storeAt: (dir: string) => Promise<Store<string>>): Record<string, Play> {
  const valuesIn = async (dir: string, round: number) => (round === 0 ? inOne : inParts)(await storeAt(dir))
  return {
    [`${name}-writer`]: async (dir, round, number) => write(await valuesIn(dir, round), number),
    [`${name}-reader`]: async (dir, round) => read(await valuesIn(dir, round)),
  }
}

function sumOf(results: readonly Result[]): Seen {
  const bad = results.find(({ how }) => how !== 'returned')
  if (bad) throw new Error(`a process ${bad.how}: ${bad.message}`)
  const all = results.flatMap(({ value }) => (value as Seen | undefined) ?? [])
  const sum = (of: keyof Seen) => all.reduce((total, one) => total + one[of], 0)
  return { torn: sum('torn'), absent: sum('absent'), changes: sum('changes') }
}

export async function raceReaders({ file, name, dir, store }: Race): Promise<void> {
  const strings = store as Store<string>
  await strings.create('whole', wholeOf(0))
  await strings.create('first', wholeOf(0).slice(0, bytes / 2))
  await strings.create('second', wholeOf(0).slice(bytes / 2))
  const cast = { [`${name}-writer`]: 2, [`${name}-reader`]: readers }
  const history = await race(file, { dir, cast, rounds: 2 })
  const [whole, parts] = history.map(sumOf) as [Seen, Seen]
  note(
    `${name}: ${readers * reads} reads, ${whole.torn} torn, ${whole.absent} absent, ${whole.changes} changes seen; ${parts.torn} torn in two parts`,
  )
  assert.equal([whole.torn, whole.absent], [0, 0])
  assert.ok(parts.torn > 0, 'values in two parts are torn')
  assert.ok(whole.changes > 2 * readers && history.every(overlaps), 'no contention')
}
