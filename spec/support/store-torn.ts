// Values of 64 KiB in a store on any engine, which two processes replace and six read: each is whole, and there always is one.

import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
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
  readonly reads: number
  readonly torn: number
  readonly absent: number
  readonly changes: number
}

/** A reader has read enough; the writers go on until all have, however late they begin. */
const enough = (dir: string, round: number, number: number): string => join(dir, `read-enough-${round}-${number}`)
const haveEnough = (dir: string, round: number): boolean =>
  readdirSync(dir).filter(name => name.startsWith(`read-enough-${round}-`)).length >= readers

/** So long does a reader wait at most for what must come of the writers, in milliseconds. */
const patience = 60_000

async function write({ set }: Values, number: number, areOver: () => boolean): Promise<undefined> {
  const until = performance.now() + 2 * patience
  const goesOn = () => !areOver() && performance.now() < until
  for (let turn = 0; turn < reads || goesOn(); turn++) {
    await set(wholeOf(number * 1_000_000 + turn))
    // From here on it writes for those that began late, and takes little time from them.
    if (turn >= reads) await pause(5)
  }
  return undefined
}

/** `isDone`: what the reader has seen is enough for it. */
async function read({ get }: Values, isDone: (seen: Seen) => boolean): Promise<Seen> {
  const seen = { reads: 0, torn: 0, absent: 0, changes: 0 }
  const until = performance.now() + patience
  let last: string | undefined
  while (seen.reads < reads || (!isDone(seen) && performance.now() < until)) {
    const value = await get()
    seen.reads++
    if (value === undefined) seen.absent++
    else if (!isWhole(value)) seen.torn++
    if (value !== last) seen.changes++
    last = value
  }
  return seen
}

const sawChanges = ({ changes }: Seen): boolean => changes > 3
const sawTorn = ({ torn }: Seen): boolean => torn > 0

/** The first round is that of the store, the second that of the parts. */
export function tornPlays(name: string, storeAt: (dir: string) => Promise<Store<string>>): Record<string, Play> {
  const valuesIn = async (dir: string, round: number) => (round === 0 ? inOne : inParts)(await storeAt(dir))
  return {
    [`${name}-writer`]: async (dir, round, number) =>
      write(await valuesIn(dir, round), number, () => haveEnough(dir, round)),
    [`${name}-reader`]: async (dir, round, number) => {
      const seen = await read(await valuesIn(dir, round), round === 0 ? sawChanges : sawTorn)
      writeFileSync(enough(dir, round, number), '')
      return seen
    },
  }
}

function sumOf(results: readonly Result[]): Seen {
  const bad = results.find(({ how }) => how !== 'returned')
  if (bad) throw new Error(`a process ${bad.how}: ${bad.message}`)
  const all = results.flatMap(({ value }) => (value as Seen | undefined) ?? [])
  const sum = (of: keyof Seen) => all.reduce((total, one) => total + one[of], 0)
  return { reads: sum('reads'), torn: sum('torn'), absent: sum('absent'), changes: sum('changes') }
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
    `${name}: ${whole.reads} reads, ${whole.torn} torn, ${whole.absent} absent, ${whole.changes} changes seen; ${parts.torn} torn in two parts`,
  )
  assert.equal([whole.torn, whole.absent], [0, 0])
  assert.ok(parts.torn > 0, 'values in two parts are torn')
  assert.ok(whole.changes > 2 * readers && history.every(overlaps), 'no contention')
}
