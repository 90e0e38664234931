// A scope is dropped beside eight writers, on whatever engine: each of nine processes has objects of its own.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { getOrSet, memo, type Scope, type Store, scope } from 'holdfast/store'
import type { Play, Result } from 'holdfast/testing'
import { innerOf } from '../../lib/store/inner.js'
import { memoisedGeneration } from '../broken/scopes.js'
import { assert, catchInRace, clock, note, race, sized } from './kit.js'
import type { Race } from './store-race.js'

type Strings = Store<string>

const keys = ['a', 'b', 'c']

/** Where an engine can prove what is remembered, the generation is. */
const scopeOf = (store: Strings): Scope<string> =>
  scope(innerOf<string>(store).backing.stillThere ? memo(store, { max: 100 }) : store, 's')

const valuesIn = async (one: Strings): Promise<string[]> =>
  [...(await one.getMany(keys)).values()].map(({ value }) => value)

const signs = ['laid', 'seen', 'over'] as const
const fileOf = (dir: string, round: number, sign: (typeof signs)[number]): string => join(dir, `${sign}-${round}`)
const give = (...sign: Parameters<typeof fileOf>): void => writeFileSync(fileOf(...sign), '')
const isGiven = (...sign: Parameters<typeof fileOf>): boolean => existsSync(fileOf(...sign))
async function given(...sign: Parameters<typeof fileOf>): Promise<void> {
  while (!isGiven(...sign)) await pause(1)
}

/** What a process has done and seen in a round. */
interface Said {
  readonly found: readonly string[]
  /** When each value was certainly stored, by what it says. */
  readonly ended?: Readonly<Record<string, number>>
  readonly unstored?: number
  /** Of who drops: when that began, whether something was dropped, and whether the round before has left a generation. */
  readonly drop?: { readonly began: number; readonly dropped: boolean; readonly wasMade: boolean }
}

async function writeInto(one: Strings, dir: string, round: number, number: number): Promise<Said> {
  const [ended, found] = [{} as Record<string, number>, [] as string[]]
  let unstored = 0
  await given(dir, round, 'laid')
  for (let turn = 0, isOver = false; !isOver; turn++) {
    // Once more after the drop, so that some of it is certainly later.
    isOver = isGiven(dir, round, 'over')
    const key = keys[(number + turn) % keys.length] as string
    const value = `${round}:${number}-${turn}`
    if (turn % 3 === 0) {
      const got = await getOrSet(one, key, () => value, { claim: number % 2 === 0 })
      if (got.source === 'unstored') unstored++
      found.push(got.value as string)
    } else if (turn % 3 === 1) await one.create(key, value)
    else await one.update(key, value)
    ended[value] = clock()
    if (turn === 2) give(dir, round, 'seen')
  }
  return { found, ended, unstored }
}

/** Each round begins with a drop, and values of its own; others write, or read, before it drops once more. */
async function drop(one: Scope<string>, dir: string, round: number): Promise<Said> {
  const wasMade = (await one.generation()) !== undefined
  await one.drop()
  for (const key of keys) await one.create(key, `${round}:laid`)
  give(dir, round, 'laid')
  await given(dir, round, 'seen')
  await pause(Math.random() * 8)
  const began = clock()
  const dropped = await one.drop()
  const found: string[] = []
  // Once at once, and then while the writers go on.
  for (let looks = 0; looks < 10; looks++) found.push(...(await valuesIn(one)))
  give(dir, round, 'over')
  return { found, drop: { began, dropped, wasMade } }
}

async function readIn(one: Strings, dir: string, round: number): Promise<Said> {
  const found: string[] = []
  await given(dir, round, 'laid')
  for (let isOver = false; !isOver; ) {
    isOver = isGiven(dir, round, 'over')
    found.push(...(await valuesIn(one)))
    give(dir, round, 'seen')
  }
  return { found }
}

/** One for each process, for all rounds: what it remembers of the rounds before is a part of the race. */
const opened = new Map<string, Strings>()
function once<S extends Strings>(at: string, open: () => S): S {
  const one = (opened.get(at) as S | undefined) ?? open()
  opened.set(at, one)
  return one
}

export function scopePlays(name: string, storeAt: (dir: string) => Promise<Strings>): Record<string, Play> {
  const scopeIn = async (dir: string) => {
    const store = await storeAt(dir)
    return once(`${name} ${dir}`, () => scopeOf(store))
  }
  return {
    [`${name}-scope-writer`]: async (dir, round, number) => writeInto(await scopeIn(dir), dir, round, number),
    [`${name}-scope-reader`]: async (dir, round) => readIn(await scopeIn(dir), dir, round),
    [`${name}-dropper`]: async (dir, round) => drop(await scopeIn(dir), dir, round),
    [`${name}-scope-naive`]: async (dir, round) => {
      const store = await storeAt(dir)
      return readIn(
        once(`${name} ${dir}, naive`, () => memoisedGeneration(innerOf<string>(store).backing).members),
        dir,
        round,
      )
    },
  }
}

const saidBy = ({ value, message, how }: Result): Said => {
  if (how !== 'returned') throw new Error(`a process ${how}: ${message}`)
  return value as Said
}

/** The values that must not be found any more: of rounds before, or written before the drop of this round began. */
function oldOnes(results: readonly Result[], round: number): string[] {
  const all = results.map(saidBy)
  const ended: Record<string, number> = Object.assign({ [`${round}:laid`]: 0 }, ...all.map(one => one.ended ?? {}))
  const ofBefore = all.flatMap(({ found }) => found).filter(value => !value.startsWith(`${round}:`))
  const dropper = all.find(one => one.drop)
  const began = dropper?.drop?.began ?? 0
  const dropped = dropper?.found.filter(value => (ended[value] ?? Number.POSITIVE_INFINITY) < began) ?? []
  return [...ofBefore, ...dropped]
}

interface Seen {
  drops: number
  amid: number
  newer: number
  unstored: number
  made: number
  readonly old: string[]
}

function see(seen: Seen, results: readonly Result[], round: number): void {
  seen.old.push(...oldOnes(results, round))
  const all = results.map(saidBy)
  const { drop: own, found = [] } = all.find(one => one.drop) ?? {}
  const times = all.flatMap(({ ended = {} }) => Object.values(ended))
  if (own?.dropped) seen.drops++
  if (own?.wasMade) seen.made++
  if (found.length > 0) seen.newer++
  if (times.some(one => one < (own?.began ?? 0)) && times.some(one => one > (own?.began ?? 0))) seen.amid++
  for (const { unstored = 0 } of all) seen.unstored += unstored
}

const nothing = (): Seen => ({ drops: 0, amid: 0, newer: 0, unstored: 0, made: 0, old: [] })

/** When a drop has returned, no value of before is found, whoever writes meanwhile. */
export async function raceDrops({ file, name, dir, store }: Race): Promise<void> {
  const [rounds, seen] = [sized(12, 1_000), nothing()]
  const cast = { [`${name}-scope-writer`]: 8, [`${name}-dropper`]: 1 }
  await race(file, { dir, cast, rounds, after: (results, round) => see(seen, results, round) })
  const { drops, amid, newer, unstored, old } = seen
  note(
    `${name}: ${drops} drops, ${amid} amid writes, ${newer} with newer values, ${unstored} unstored, ${old.length} old`,
  )
  assert.equal(old, [])
  assert.equal([drops, amid], [rounds, rounds])
  const one = scope(store as Strings, 's')
  await one.drop()
  await one.sweep()
  assert.equal(await leftIn(store), [])
}

/** Readers beside a drop find nothing of before, and make no generation. */
export async function raceScopeReaders({ file, name, dir, store }: Race): Promise<void> {
  const [rounds, seen] = [sized(8, 1_000), nothing()]
  const cast = { [`${name}-scope-reader`]: 3, [`${name}-dropper`]: 1 }
  const history = await race(file, { dir, cast, rounds, after: (results, round) => see(seen, results, round) })
  const found = history.flat().reduce((sum, one) => sum + saidBy(one).found.length, 0)
  const generations = seen.made + Number((await scope(store as Strings, 's').generation()) !== undefined)
  note(`${name}: ${seen.drops} drops beside readers that found ${found} values and made ${generations} generations`)
  assert.equal([seen.old, generations], [[], 0])
  assert.ok(seen.drops === rounds && found > 0, 'no contention')
}

/** The same, with a generation that is kept in memory. */
export async function raceNaiveReaders({ file, name, dir }: Race): Promise<void> {
  const cast = { [`${name}-scope-naive`]: 2, [`${name}-dropper`]: 1 }
  const isOld = (results: readonly Result[], round: number) => oldOnes(results, round).length > 0
  const rounds = await catchInRace(file, { dir, cast, rounds: 20 }, isOld)
  note(`${name}: caught in round ${rounds}`)
}

async function leftIn(store: Store<unknown>): Promise<string[]> {
  const left: string[] = []
  for await (const key of store.keys({ prefix: 'scope/' })) left.push(key)
  return left
}
