// Races of processes that use one store, on whatever engine: what is kept, who wins, and whether there is an order in which
// one process alone could have done the same.

import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createExclusive } from 'holdfast'
import { getOrSet, overwrite, type Store, type Task } from 'holdfast/store'
import { assertLinearizable, overlaps, type Play, type Result } from 'holdfast/testing'
import { careless } from '../broken/careless-store.js'
import { raceHostileKeys } from './hostile-keys.js'
import { killedWithin } from './killed-when.js'
import { assert, catchInRace, clock, note, race, sized } from './kit.js'
import { raceDrops, raceScopeReaders, scopePlays } from './scope-races.js'
import { heirPlays, raceFarHeirs, raceHeirs } from './store-heirs.js'
import { type Did, randomRequest, type Seen, storeModel } from './store-model.js'
import type { Race } from './store-race.js'
import { raceReaders, tornPlays } from './store-torn.js'

export type { Race } from './store-race.js'

/** Opens the store that is in this directory, or whose address is there. Each process has one. */
export type OpenStore = (dir: string) => Promise<Store<unknown>>

const opened = new Map<string, Promise<Store<unknown>>>()

/** How many additions each process makes, where an engine is not slow. */
const manyAdditions = sized(60, 500)

/** One for each of the races below. */
export function storePlays(name: string, open: OpenStore, additions = manyAdditions): Record<string, Play> {
  const storeAt = <T>(dir: string): Promise<Store<T>> => {
    const at = `${name} ${dir}`
    const store = opened.get(at) ?? open(dir)
    opened.set(at, store)
    return store as unknown as Promise<Store<T>>
  }
  return {
    ...tornPlays(name, storeAt),
    ...heirPlays(name, storeAt),
    ...scopePlays(name, storeAt),
    [`${name}-adder`]: async (dir, round) => add(await storeAt(dir), `count-${round}`, additions),
    [`${name}-careless`]: async (dir, round) => add(careless(await storeAt<number>(dir)), `count-${round}`, additions),
    [`${name}-stampeder`]: async (dir, round, number) => stampede(await storeAt(dir), round, number),
    [`${name}-rotator`]: async (dir, round) => rotate(await storeAt(dir), dir, round),
    [`${name}-careless-rotator`]: async (dir, round) => rotateCarelessly(await storeAt(dir), dir, round),
    [`${name}-creator`]: async (dir, round, number) => create(await storeAt(dir), dir, round, number),
    [`${name}-player`]: async (dir, round, number) => live(await storeAt(dir), dir, round, `p${number}`),
    [`${name}-victim`]: async (dir, round, number) => {
      const store = await storeAt<string>(dir)
      killedWithin(250)
      for (let turn = 0; ; turn++) await live(store, dir, round, `v${number}-${turn}`)
    },
  }
}

/** What became of the additions of one process. */
interface Added {
  /** How often the function was called: more often than there were additions if others were in between. */
  calls: number
  /** Known to have been made. */
  done: number
  /** `ERR_UNKNOWN_OUTCOME`, and found out by `confirm`. */
  confirmed: number
  /** `confirm` did not know either. */
  unknown: number
}

async function add(store: Store<number>, key: string, additions: number): Promise<Added> {
  const added: Added = { calls: 0, done: 0, confirmed: 0, unknown: 0 }
  const one = (value: number) => {
    added.calls++
    return value + 1
  }
  for (let turn = 0; turn < additions; turn++) {
    try {
      const { ok } = await store.update(key, old => one(old.value), { retryFor: 60_000 })
      if (!ok) throw new Error('the counter is not there')
      added.done++
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

const keysOfStampede = sized(20, 100)
const workMs = 20

interface Stampeded {
  readonly computed: number
  readonly values: readonly string[]
}

async function stampede(store: Store<string>, round: number, number: number): Promise<Stampeded> {
  let computed = 0
  const values: string[] = []
  for (let nth = 0; nth < keysOfStampede; nth++) {
    const { value } = await getOrSet(store, `made-${round}-${nth}`, async () => {
      computed++
      await pause(workMs)
      return `${number}-${nth}`
    })
    values.push(value as string)
  }
  return { computed, values }
}

const rotations = sized(20, 1000)

/** A server that takes each token once, and gives the next. A second use of one is punished. */
async function redeem(dir: string, round: number, token: number): Promise<number> {
  await pause(2)
  if (!(await createExclusive(join(dir, `used-${round}-${token}`), '', { durability: 'none' }))) throw new Error(reused)
  await pause(2)
  return token + 1
}
const reused = 'the token was used before'

interface Rotated {
  redeemed: number
  waited: number
  token: number
}

async function rotate(store: Store<number>, dir: string, round: number): Promise<Rotated> {
  const did: Rotated = { redeemed: 0, waited: 0, token: 0 }
  const key = `token-${round}`
  const renew = async ({ previous }: Task<number>) => {
    const next = await redeem(dir, round, previous?.value ?? 0)
    did.redeemed++
    return next
  }
  for (let got = await getOrSet(store, key, renew); ; ) {
    did.token = got.value as number
    if (did.token >= rotations) return did
    // The server has rejected it.
    got = await getOrSet(store, key, renew, { refresh: got.version as string })
    if (got.source !== 'made') did.waited++
  }
}

/** What people write: get, redeem, set. */
async function rotateCarelessly(store: Store<number>, dir: string, round: number): Promise<void> {
  const key = `token-${round}`
  for (let token = 0; token < rotations; token = (await store.get(key))?.value ?? 0)
    await overwrite(store, key, await redeem(dir, round, token))
}

const keysOfRound = sized(25, 25)
/** Of each key whether this process has made it, and what is there. */
type Made = readonly (readonly [boolean, string])[]

async function create(store: Store<string>, dir: string, round: number, number: number): Promise<Made> {
  // On a busy machine one of them would be done before the others come to run.
  writeFileSync(join(dir, `here-${round}-${number}`), '')
  while (readdirSync(dir).filter(name => name.startsWith(`here-${round}-`)).length < 8) await pause(1)
  const told: [boolean, string][] = []
  for (let nth = 0; nth < keysOfRound; nth++) {
    await pause(1)
    const { ok, entry } = await store.create(`new-${round}-${nth}`, `${number}`)
    told.push([ok, `${entry?.value}`])
  }
  return told
}

const requests = sized(40, 120)
const keys = ['a', 'b', 'c']

const logOf = (dir: string, round: number): string => join(dir, `log-${round}-`)

async function live(store: Store<string>, dir: string, round: number, name: string): Promise<void> {
  const file = logOf(dir, round) + name
  const write = (line: object) => appendFileSync(file, `${JSON.stringify(line)}\n`)
  const last = new Map<string, Seen>()
  for (let number = 0; number < requests; number++) {
    const key = `${round}-${keys[Math.floor(Math.random() * keys.length)]}`
    const see = (seen: Seen) => {
      last.set(key, seen)
      write({ seen })
    }
    const { asked, make } = randomRequest(store, key, `${round}-${name}-${number}`, last.get(key), see)
    const did = { number, process: name, input: asked, call: clock() }
    write(did)
    try {
      const output = await make()
      write({ ...did, output, ended: clock() })
    } catch (error) {
      // It may have been made, or not: as of a process that was killed.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_OUTCOME') throw error
    }
  }
}

function historyOf(dir: string, round: number): { readonly did: Did[]; readonly seen: Seen[] } {
  const names = readdirSync(dir).filter(name => join(dir, name).startsWith(logOf(dir, round)))
  const seen: Seen[] = []
  const did = names.flatMap(name => {
    const requests = new Map<number, Did>()
    // What is after the last end of a line was cut off when its process was killed.
    for (const line of readFileSync(join(dir, name), 'utf8').split('\n').slice(0, -1)) {
      const one = JSON.parse(line)
      if (one.seen) seen.push(one.seen)
      else requests.set(one.number, { ended: Number.POSITIVE_INFINITY, ...one })
    }
    return [...requests.values()]
  })
  return { did, seen }
}

const threw = (history: readonly Result[][]): string[] =>
  history.flat().flatMap(({ how, message }) => (how === 'threw' ? [`${message}`] : []))

/** Eight processes add one, again and again: every addition that was made is in the value, and no other. */
export async function raceAdders({
  trouble,
  mostUnknown = () => 0,
  additions = manyAdditions,
  ...rest
}: Race): Promise<void> {
  const { file, name, dir, store } = rest
  const counter = store as Store<number>
  await counter.create('count-0', 0)
  let over: Promise<unknown> | undefined
  const before = () => {
    over = trouble?.()
  }
  const history = await race(file, {
    dir,
    cast: { [`${name}-adder`]: 8 },
    rounds: 1,
    before,
  })
  await over
  assert.equal(threw(history), [])
  const all = history.flat().map(({ value }) => value as Added)
  const sum = (what: keyof Added) => all.reduce((total, one) => total + one[what], 0)
  const [calls, unknown, known] = [sum('calls'), sum('unknown'), sum('done') + sum('confirmed')]
  const value = (await counter.get('count-0'))?.value ?? Number.NaN
  note(
    `${name}: ${value} of ${8 * additions} additions in ${calls} attempts, ${sum('confirmed')} confirmed, ${unknown} unknown`,
  )
  assert.is(known + unknown, 8 * additions)
  assert.ok(value >= known && value <= known + unknown, `${value} is not ${known}`)
  assert.ok(unknown <= mostUnknown(), 'most are found out')
  assert.ok(calls > 8 * additions && history.every(overlaps), 'no contention')
}

/** The same without a comparison: additions are lost. */
export async function raceCareless({ file, name, dir, store, additions = manyAdditions }: Race): Promise<void> {
  const counter = store as Store<number>
  await counter.create('count-0', 0)
  const history = await race(file, { dir, cast: { [`${name}-careless`]: 8 }, rounds: 1 })
  assert.equal(threw(history), [])
  const kept = (await counter.get('count-0'))?.value as number
  note(`${name}, without a comparison: ${kept} of ${8 * additions} additions are kept`)
  assert.ok(kept < 8 * additions, 'nothing was lost')
}

/** Eight processes want the same values, each of which takes a while to make: each is made once, and all get the same. */
async function raceStampede({ file, name, dir }: Race): Promise<void> {
  const history = await race(file, { dir, cast: { [`${name}-stampeder`]: 8 }, rounds: 1 })
  assert.equal(threw(history), [])
  const all = history.flat().map(({ value }) => value as Stampeded)
  const computed = all.reduce((sum, one) => sum + one.computed, 0)
  const ms = Math.max(...history.flat().map(({ began, ended }) => ended - began))
  note(`${name}: ${keysOfStampede} values of ${workMs} ms, made ${computed} times, in ${Math.round(ms)} ms`)
  assert.is(computed, keysOfStampede)
  for (const { values } of all) assert.equal(values, all[0]?.values)
  assert.ok(history.every(overlaps), 'no contention')
}

/** Eight processes use one token after the other: each is redeemed by one of them, and the others are given the next. */
async function raceRotators({ file, name, dir }: Race): Promise<void> {
  const history = await race(file, { dir, cast: { [`${name}-rotator`]: 8 }, rounds: 1 })
  assert.equal(threw(history), [])
  const all = history.flat().map(({ value }) => value as Rotated)
  const sum = (what: keyof Rotated) => all.reduce((total, one) => total + one[what], 0)
  note(`${name}: ${sum('redeemed')} tokens redeemed, ${sum('waited')} given by another process`)
  assert.is(sum('redeemed'), Math.max(...all.map(({ token }) => token)))
  assert.ok(sum('waited') > 0 && history.every(overlaps), 'no contention')
}

export async function raceCarelessRotators({ file, name, dir }: Race): Promise<void> {
  const isReused = (results: readonly Result[]) => threw([[...results]]).some(message => message.includes(reused))
  await catchInRace(file, { dir, cast: { [`${name}-careless-rotator`]: 4 }, rounds: 5 }, isReused)
}

/** Eight processes make the same keys: of each one process is the maker, and the others are given its value. */
export async function raceCreators({ file, name, dir }: Race): Promise<void> {
  const rounds = sized(2, 8)
  const history = await race(file, { dir, cast: { [`${name}-creator`]: 8 }, rounds })
  assert.equal(threw(history), [])
  const winners = new Set<number>()
  for (const results of history)
    for (let nth = 0; nth < keysOfRound; nth++) {
      const told = results.map(({ value, number }) => ({ number, told: (value as Made)[nth] }))
      const won = told.filter(one => one.told?.[0])
      assert.is(won.length, 1)
      for (const one of told) assert.is(one.told?.[1], `${won[0]?.number}`)
      winners.add(won[0]?.number as number)
    }
  note(`${name}: ${rounds * keysOfRound} keys, made by ${winners.size} of 8 processes`)
  assert.ok(winners.size > 1 && history.every(overlaps), 'no contention')
}

/** Processes do whatever they like, and some are killed: every history is linearizable, and no version is used twice. */
async function raceLives({ file, name, dir }: Race): Promise<void> {
  const rounds = sized(2, 60)
  const cast = { [`${name}-player`]: 6, [`${name}-victim`]: 2 }
  const history = await race(file, { dir, cast, rounds })
  assert.equal(threw(history), [])
  const sum = { operations: 0, refused: 0, unknown: 0 }
  const values = new Map<string, string>()
  for (let round = 0; round < rounds; round++) {
    const { did, seen } = historyOf(dir, round)
    sum.operations += did.length
    sum.refused += did.filter(({ output }) => output === false).length
    sum.unknown += did.filter(({ ended }) => ended === Number.POSITIVE_INFINITY).length
    for (const { version, value } of seen) {
      assert.is(values.get(version) ?? value, value, `version ${version} is of two values`)
      values.set(version, value)
    }
    assertLinearizable(storeModel, did, { budget: 50_000_000 })
  }
  const died = history.flat().filter(({ how }) => how === 'died').length
  note(`${name}: ${sum.operations} operations, ${sum.refused} refused, ${sum.unknown} cut off, ${died} killed`)
  assert.is(died, 2 * rounds)
  assert.is(new Set(values.values()).size, values.size, 'a value has two versions')
  assert.ok(sum.refused > 20 && history.every(overlaps), 'no contention')
}

/** The text of a file that a play finds in its directory. */
export const textAt = (dir: string, name: string): string =>
  existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : ''

export { raceNaiveReaders } from './scope-races.js'
export { raceHastyHeirs } from './store-heirs.js'

/** Each race by what it shows. */
export const storeRaces: readonly (readonly [title: string, run: (race: Race) => Promise<void>])[] = [
  ['eight processes add, and nothing is lost', raceAdders],
  ['additions are lost by a store that does not compare', raceCareless],
  ['eight processes make the same keys, and all are given the one value of each', raceCreators],
  ['of two writers of 64 KiB, six readers see whole values, and always one', raceReaders],
  ['of values that eight processes want each is made once', raceStampede],
  ['a single-use token that eight processes rotate is never used twice', raceRotators],
  ['it is used twice by processes that get it, redeem it, and set the next', raceCarelessRotators],
  ['when the holder of a claim is killed, the next begins at once', raceHeirs],
  ['when nothing says that the holder of a claim lives, the next begins after its lease', raceFarHeirs],
  ['when a drop of a scope beside eight writers has returned, nothing of before is found', raceDrops],
  ['readers beside a drop of a scope find nothing of before, and make no generation', raceScopeReaders],
  ['hostile keys are kept apart', raceHostileKeys],
  ['what processes do that may be killed at any moment is linearizable', raceLives],
]

/** Those that are not run on each engine in `npm test`: what differs between engines is in the contract. */
export const isLong = (run: (race: Race) => Promise<void>): boolean =>
  [raceFarHeirs, raceDrops, raceScopeReaders].includes(run)
