// What real processes do to one limiter, and what must hold afterwards. Each hit that was allowed says which window it was
// counted in, and as which of it, so that every window can be counted once more.

import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { drive } from 'holdfast/steps'
import { type Decision, limiter, type Rule, type Store } from 'holdfast/store'
import { overlaps, type Play, type Result } from 'holdfast/testing'
import { innerOf } from '../../lib/store/inner.js'
import { counterPerRule, readThenWrite } from '../broken/limiters.js'
import { isWindows } from '../windows/flavour.js'
import { killedWithin } from './killed-when.js'
import { assert, note, race, sized } from './kit.js'

/** Milliseconds: windows are short, so that many end in one race. */
const per = sized(20, 40)

/** The limits are such that a window is full before it ends, and more hits are denied than are allowed. */
export const rules: Readonly<Record<string, Rule>> = {
  window: { limit: 6, per },
  aligned: { kind: 'aligned', limit: 6, per },
  sliding: { kind: 'sliding', limit: 6, per },
  tokens: { kind: 'tokens', rate: (1000 * 5) / per, burst: 6 },
  leaky: { kind: 'leaky', rate: (1000 * 5) / per, capacity: 6 },
  all: {
    all: [
      { limit: 6, per },
      { kind: 'sliding', limit: 15, per: 3 * per },
      { kind: 'leaky', rate: (1000 * 10) / per, capacity: 20 },
    ],
  },
}
const kinds = Object.keys(rules)

/** A limiter for each of three rules is slow where a scanner has each new file open, and must be denied there, too. */
const perOfThree = per * (isWindows ? 10 : 1)

/** Of the first, all that it has ever counted is known in the end. */
const three = [
  { limit: 1e9, per: 2 ** 39 },
  { limit: 6, per: perOfThree },
  { kind: 'sliding', limit: 10, per: 2 * perOfThree },
] as const

const hitsOfEach = sized(120, 5_000)
const leastMs = 30 * per

/** Of an allowed hit: when, which window, as which it was counted, and that of each part. */
type Told = readonly [at: number, resetAt: number, count: number, parts?: readonly (readonly number[])[]]

interface Hits {
  readonly allowed: readonly Told[]
  readonly denied: number
  /** How often the state had moved on, where that is known. */
  readonly calls: number
}

type Open = (dir: string) => Promise<Store<unknown>>

function told({ at, resetAt, count, parts }: Decision): Told {
  const told = [at, resetAt, count] as const
  return parts ? [...told, parts.map(one => [one.at, one.resetAt, one.count])] : told
}

/** Goes on until there were enough hits, over enough windows. */
async function hitAll(hit: () => Promise<Decision>): Promise<Hits> {
  const allowed: Told[] = []
  const began = performance.now()
  let calls = 0
  for (; calls < hitsOfEach || performance.now() - began < leastMs; calls++) {
    const decision = await hit()
    if (decision.allowed) allowed.push(told(decision))
    // What is denied is quick, and others must come to hit.
    else if (calls > hitsOfEach) await pause(0)
  }
  return { allowed, denied: calls - allowed.length, calls }
}

/** One for each of the races below. */
export function limiterPlays(name: string, open: Open): Record<string, Play> {
  const opened = new Map<string, Promise<Store<unknown>>>()
  const storeAt = (dir: string) => {
    const store = opened.get(dir) ?? open(dir)
    opened.set(dir, store)
    return store
  }
  return {
    [`${name}-hitter`]: async (dir, round) => {
      const kind = kinds[round] as string
      const limits = limiter(await storeAt(dir), rules[kind] as Rule)
      return hitAll(() => limits.hit(kind))
    },
    [`${name}-careless`]: async dir => {
      const { backing } = innerOf<unknown>(await storeAt(dir))
      return hitAll(() => drive(readThenWrite(backing, rules.window as Rule, 'careless')))
    },
    [`${name}-together`]: async dir => {
      const limits = limiter(await storeAt(dir), { all: three })
      return hitAll(() => limits.hit('together'))
    },
    [`${name}-apart`]: async dir => {
      const store = await storeAt(dir)
      const hit = counterPerRule((_, rule, key) => limiter(store, rule).hit.steps(key))
      return hitAll(() => drive(hit(innerOf<unknown>(store).backing, { all: three }, 'apart')))
    },
    [`${name}-victim`]: async (dir, round, number) => {
      const limits = limiter(await storeAt(dir), { limit: 1e9, per: 2 ** 39 })
      await limits.hit('victims')
      appendFileSync(join(dir, `heard-${round}-${number}`), '.')
      killedWithin(100)
      for (;;) {
        const { allowed } = await limits.hit('victims')
        if (allowed) appendFileSync(join(dir, `heard-${round}-${number}`), '.')
      }
    },
  }
}

interface Race {
  readonly file: string
  readonly name: string
  readonly dir: string
  readonly store: Store<unknown>
}

const hitsIn = (results: readonly Result[]): Hits[] => {
  for (const { how, message } of results) if (how !== 'returned') throw new Error(`${how}: ${message}`)
  return results.map(({ value }) => value as Hits)
}

/** In every window, each count from 1 on was given to one hit, and the last one is within the limit. Returns how many. */
export function assertWindows(all: readonly Told[], limit: number): number {
  const windows = new Map<number, number[]>()
  for (const [, resetAt, count] of all) windows.set(resetAt, [...(windows.get(resetAt) ?? []), count])
  for (const [resetAt, counts] of windows) {
    counts.sort((one, other) => one - other)
    if (counts.some((count, nth) => count !== nth + 1)) throw new Error(`window ${resetAt} has counted ${counts}`)
    if (counts.length > limit) throw new Error(`window ${resetAt} has ${counts.length} of ${limit}`)
  }
  return windows.size
}

/** No interval has more than it may: \`most\` says that of its length. */
function assertIntervals(times: readonly number[], longestMs: number, most: (ms: number) => number): void {
  const sorted = [...times].sort((one, other) => one - other)
  for (const [from, began] of sorted.entries())
    for (let to = from; to < sorted.length && (sorted[to] as number) - began < longestMs; to++) {
      const ms = (sorted[to] as number) - began
      if (to - from + 1 > most(ms) + 1e-6)
        throw new Error(`${to - from + 1} in ${ms} ms from ${began}, not ${most(ms)}`)
    }
}

function assertKept(rule: Rule, all: readonly Told[]): number {
  if ('all' in rule) {
    const parts = rule.all.map((_, nth) => all.map(([, , , one]) => one?.[nth] as unknown as Told))
    // All parts have counted every hit.
    return Math.max(...rule.all.map((one, nth) => assertKept(one, parts[nth] as readonly Told[])))
  }
  if (rule.kind === 'sliding') {
    assertIntervals(
      all.map(([, resetAt]) => resetAt - rule.per),
      rule.per,
      () => rule.limit,
    )
    return Math.floor(spanOf(all) / rule.per)
  }
  if (rule.kind === 'tokens' || rule.kind === 'leaky') {
    const size = rule.kind === 'tokens' ? rule.burst : rule.capacity
    assertIntervals(
      all.map(([at]) => at),
      20 * per,
      ms => size + (rule.rate * ms) / 1000,
    )
    return Math.floor(spanOf(all) / per)
  }
  return assertWindows(all, rule.limit)
}

const spanOf = (all: readonly Told[]): number => {
  const times = all.map(([at]) => at)
  return Math.max(...times) - Math.min(...times)
}

/** Eight processes hit each kind of rule, over at least 20 windows. */
export async function raceKinds({ file, name, dir }: Race): Promise<void> {
  const history = await race(file, { dir, cast: { [`${name}-hitter`]: 8 }, rounds: kinds.length })
  for (const [nth, kind] of kinds.entries()) {
    const hits = hitsIn(history[nth] as Result[])
    const all = hits.flatMap(({ allowed }) => allowed)
    const resets = assertKept(rules[kind] as Rule, all)
    const denied = hits.reduce((sum, one) => sum + one.denied, 0)
    note(`${name}, ${kind}: ${all.length} allowed, ${denied} denied, in ${resets} windows, and none over its limit`)
    const allowing = hits.filter(({ allowed }) => allowed.length > 0).length
    assert.ok(resets >= 20 && denied > 0 && allowing > 1, 'no contention')
    assert.ok(overlaps(history[nth] as Result[]))
  }
}

/** The same, as it is usually written: some window is counted wrong. */
export async function raceCarelessLimiter({ file, name, dir }: Race): Promise<void> {
  const [results] = await race(file, { dir, cast: { [`${name}-careless`]: 8 }, rounds: 1 })
  const all = hitsIn(results as Result[]).flatMap(({ allowed }) => allowed)
  const { message } = assert.throws(() => assertKept(rules.window as Rule, all), {})
  note(`${name}, read and then write: ${all.length} allowed; ${message.slice(0, 100)}`)
}

/** Three rules at once: what the first has counted is what was allowed. A counter for each counts what others deny. */
export async function raceAll({ file, name, dir, store }: Race): Promise<void> {
  const leaks = async (role: string, key: string, rule: Rule) => {
    const [results] = await race(file, { dir, cast: { [`${name}-${role}`]: 8 }, rounds: 1 })
    const hits = hitsIn(results as Result[])
    const allowed = hits.reduce((sum, one) => sum + one.allowed.length, 0)
    const denied = hits.reduce((sum, one) => sum + one.denied, 0)
    const { parts, count } = await limiter(store, rule).peek(key, { cost: 0 })
    const counted = parts?.[0]?.count ?? count
    note(
      `${name}, ${role}: ${allowed} allowed, ${denied} denied, ${counted - allowed} counted by one and denied by another`,
    )
    assert.ok(denied > 0 && overlaps(results as Result[]), 'no contention')
    return counted - allowed
  }
  assert.is(await leaks('together', 'together', { all: three }), 0)
  assert.ok((await leaks('apart', 'apart0', three[0])) > 0)
}

/** Processes are killed in the middle of hits: at most one hit of each is counted that was not heard of, and nothing is stuck. */
export async function raceKills({ file, name, dir, store }: Race): Promise<void> {
  // At full size 512: each is the end of a process that has to be started.
  const rounds = sized(1, 64)
  const history = await race(file, { dir, cast: { [`${name}-victim`]: 8 }, rounds })
  const died = history.flat().filter(({ how }) => how === 'died').length
  const names = readdirSync(dir).filter(one => one.startsWith('heard-'))
  const heard = names.reduce((sum, one) => sum + readFileSync(join(dir, one)).length, 0)
  const limits = limiter(store, { limit: 1e9, per: 2 ** 39 })
  const { count } = await limits.peek('victims', { cost: 0 })
  note(`${name}: ${count} counted, ${heard} heard of, ${died} killed`)
  assert.is(died, 8 * rounds)
  assert.ok(count >= heard && count - heard <= died, `${count} counted, ${heard} heard of, ${died} killed`)
  assert.ok(heard > died, 'no contention')
  assert.is((await limits.hit('victims')).count, count + 1)
}
