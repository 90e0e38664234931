// Real processes that share locks, have several holders, and want two locks in both orders; many of them are killed at any of
// their calls.

import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lock, type SharingOptions } from 'holdfast'
import { dual, fs, release, type Steps } from 'holdfast/steps'
import { contender, killedAt, overlaps } from 'holdfast/testing'
import { lookAtReaders } from '../broken/sharing.js'
import { assert, catchInRace, clock, everyPlace, note, places, race, raced, scratch, sized } from '../support/kit.js'

type Take = (path: string) => ReturnType<typeof lock.steps>

/** How a process was in: `w` alone. */
type Kind = 'w' | 'r' | 'h'

/** Is in so many times, and logs when: a process that is killed leaves a line without an end. */
function* visits(dir: string, name: string, times: number, next: () => readonly [Kind, Take]): Steps<void> {
  const log = (text: string) => appendFileSync(join(dir, `log-${name}`), text)
  for (let i = 0; i < times; i++) {
    const [kind, take] = next()
    const hold = yield* take(join(dir, 'x'))
    log(`${kind} ${clock()} `)
    yield* fs.readdir(dir)
    yield* fs.sleep(Math.random() * 2)
    log(`${clock()}\n`)
    yield* release(hold)
  }
}

const reader = (): readonly [Kind, Take] => ['r', path => lock.shared.steps(path)]
const writer = (): readonly [Kind, Take] => ['w', path => lock.steps(path)]
const either = () => (Math.random() < 0.7 ? reader() : writer())
const holder = (): readonly [Kind, Take] => ['h', path => lock.steps(path, { holders: 3 } satisfies SharingOptions)]
const looker = (): readonly [Kind, Take] => ['w', lookAtReaders]

const rounds = sized(2, 20)
const perRound = sized(8, 60)
const anywhere = () => Math.floor(Math.random() * 12 * perRound)
const play = (next: () => readonly [Kind, Take]) => (dir: string, round: number, number: number) => {
  const all = dual(() => visits(dir, `${round}-${next.name}-${number}`, perRound, next))
  return (round + number) % 2 ? all() : all.sync()
}
const victim = (next: () => readonly [Kind, Take]) => (dir: string, round: number, number: number) =>
  dual(() => killedAt(visits(dir, `${round}-v-${number}`, 1e6, next), anywhere()))()

/** Each gets both locks, in one order or the other, as often as it wants to. */
function* pairs(dir: string, name: string, times: number, flip: boolean): Steps<void> {
  const paths = [join(dir, 'a'), join(dir, 'b')]
  yield* visits(dir, name, times, () => ['w', () => lock.steps(flip ? paths : paths.toReversed())])
}

const plays = {
  both: play(either),
  bothKilled: victim(either),
  reader: play(reader),
  looker: play(looker),
  holder: play(holder),
  holderKilled: victim(holder),
  pair: (dir: string, round: number, number: number) =>
    dual(() => pairs(dir, `${round}-p-${number}`, perRound, number % 2 === 0))(),
  pairKilled: (dir: string, round: number, number: number) =>
    dual(() => killedAt(pairs(dir, `${round}-v-${number}`, 1e6, number % 2 === 0), anywhere()))(),
}

interface Seen {
  readonly visits: number
  /** The most that were in at one moment. */
  readonly most: number
  /** Visits alone beside which another was in. */
  readonly besideWriters: number
}

/** What the logs say. One that was killed was in for a moment at least. */
function seen(dir: string): Seen {
  const all = readdirSync(dir)
    .filter(name => name.startsWith('log-'))
    .flatMap(name => readFileSync(join(dir, name), 'utf8').trim().split('\n'))
    .map(line => line.split(' '))
    .map(([kind, from, to]) => ({ kind, from: Number(from), to: Number(to || from) }))
    .sort((one, other) => one.from - other.from)
  let [most, besideWriters] = [0, 0]
  for (const [at, { kind, from }] of all.entries()) {
    const others = all.slice(Math.max(0, at - 200), at).filter(({ to }) => to > from)
    most = Math.max(most, others.length + 1)
    if (others.length > 0 && [kind, ...others.map(one => one.kind)].includes('w')) besideWriters++
  }
  return { visits: all.length, most, besideWriters }
}

/** What is raced, how many processes are killed in each round, and how many may be in together. */
const races: readonly (readonly [string, Readonly<Record<string, number>>, number, number])[] = [
  ['shared and had alone', { both: 8, bothKilled: 5 }, 5, Number.POSITIVE_INFINITY],
  ['three holders', { holder: 8, holderKilled: 5 }, 5, 3],
  ['two locks in both orders', { pair: 6, pairKilled: 4 }, 4, 1],
]

/** In the small size, each race is run on one filesystem. */
const chosen = everyPlace.flatMap((place, nth) =>
  races.filter((_, number) => sized(nth === number % places.length, true)).map(one => ({ ...place, one })),
)

if (!contender(plays)) {
  for (const { kind, dir: place, one } of chosen) {
    const [what, cast, killed, most] = one
    raced(`race on ${kind}: ${what}, many are killed at any of their calls`, async () => {
      const dir = scratch(place)
      const history = (await race(import.meta.url, { dir, cast, rounds })).flat()
      const threw = history.flatMap(({ how, message }) => (how === 'threw' ? [message] : []))
      assert.equal(threw, [])
      const found = seen(dir)
      const died = history.filter(({ how }) => how === 'died').length
      note(`${kind}, ${what}: ${JSON.stringify(found)}, ${died} killed`)
      assert.is(found.besideWriters, 0)
      assert.ok(found.most <= most)
      assert.is(died, rounds * killed)
      assert.ok(overlaps(history), 'no contention')
      assert.ok(most === 1 || found.most > 1, 'none were in together')
    })
  }

  raced('the same race catches: a writer looks at the readers, and takes no slot', async () => {
    const dir = scratch()
    const after = () => seen(dir).besideWriters > 0
    const caughtIn = await catchInRace(import.meta.url, { dir, cast: { reader: 5, looker: 3 }, rounds: 40 }, after)
    note(`caught in round ${caughtIn}`)
  })
}
