// Real processes whose clocks are wrong by days, and that need a result which may not be old: one makes it anew. And
// processes that read what others replace all the time: each gets what was found good.

import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type GotAs, getOrCreate, writeFile } from 'holdfast'
import { contender, overlaps, type Result } from 'holdfast/testing'
import { freshByWallClock, validThenRead } from '../broken/results.js'
import { assert, catchInRace, note, ownerOf, payload, places, race, raced, scratch, sized } from '../support/kit.js'

const hourMs = 3_600_000
const rounds = sized(15, 300)
const bytes = 64_000

const fileOf = (dir: string, round: number): string => join(dir, `it-${round}`)

/** Makes the clock of this process wrong by some days, for each process by others. */
function makeWrong(number: number): void {
  const { now } = Date
  Date.now = () => now() + (number - 4) * 24 * hourMs
}

interface Had {
  readonly made: boolean
  readonly maker: number | undefined
  /** What it found a moment later. */
  readonly again: boolean
}

const had = ({ made, content }: GotAs<'buffer'>, again: boolean): Had => ({
  made,
  maker: ownerOf(content, bytes),
  again,
})
const isGood = (path: string): boolean => readFileSync(path, 'utf8').startsWith('good')

const plays = {
  getter: async (dir: string, round: number, number: number): Promise<Had> => {
    makeWrong(number)
    const get = (produce: () => Buffer | Promise<Buffer>) =>
      getOrCreate(fileOf(dir, round), produce, { maxAge: hourMs, read: 'buffer', durability: 'none' })
    const got = await get(() => wait(number % 3, payload(number + 1, bytes)))
    return had(got, (await get(() => payload(99, bytes))).made)
  },
  naive: (dir: string, round: number, number: number): Had => {
    makeWrong(number)
    const get = () => freshByWallClock.sync(fileOf(dir, round), payload(number + 1, bytes).toString(), hourMs)
    const { content, ...got } = get()
    return had({ ...got, content: Buffer.from(content) }, get().made)
  },
  swapper: async (dir: string, round: number, number: number) => {
    for (let i = 0; i < 150; i++) {
      const content = i % 2 ? `bad ${number}` : `good ${number}`
      await writeFile(join(dir, `content-${round}`), content, { durability: 'none' })
    }
  },
  reader: async (dir: string, round: number, number: number) => {
    const path = join(dir, `content-${round}`)
    const seen = { reads: 0, bad: 0 }
    for (; seen.reads < 40; seen.reads++) {
      const { content } = await getOrCreate(path, () => 'good, made', {
        ...{ validate: isGood, read: 'utf8', durability: 'none', timeout: 60_000 },
      })
      if (!content.startsWith('good')) seen.bad++
      await wait(number % 2)
    }
    return seen
  },
  careless: (dir: string, round: number) => {
    const seen = { reads: 0, bad: 0 }
    for (; seen.reads < 40; seen.reads++)
      if (!validThenRead.sync(join(dir, `content-${round}`), 'good, made', isGood).content.startsWith('good'))
        seen.bad++
    return seen
  },
}

function lay(place: string): string {
  const dir = scratch(place)
  for (let round = 0; round < rounds; round++) {
    writeFileSync(fileOf(dir, round), payload(0, bytes))
    const seconds = (Date.now() - 2 * hourMs) / 1000
    utimesSync(fileOf(dir, round), seconds, seconds)
  }
  return dir
}

const valuesOf = <T>(results: readonly Result[], ...roles: string[]): T[] => {
  const all = results.filter(({ role }) => roles.includes(role))
  for (const { how, message, role } of all) if (how === 'threw') throw new Error(`${role} threw ${message}`)
  return all.map(({ value }) => value as T)
}

/** One makes it, all have that, and none makes it again. */
const isRight = (all: readonly Had[]): boolean =>
  all.filter(({ made }) => made).length === 1 &&
  all.every(({ maker, again }) => maker !== undefined && maker > 0 && maker === all[0]?.maker && !again)

const badReads = (results: readonly Result[]): number =>
  valuesOf<{ bad: number }>(results, 'reader', 'careless').reduce((sum, { bad }) => sum + bad, 0)

if (!contender(plays)) {
  for (const { kind, dir: place } of places) {
    raced(`race on ${kind}: eight whose clocks are wrong by days find it too old, and one makes it anew`, async () => {
      const dir = lay(place)
      const after = (results: readonly Result[]) =>
        assert.ok(isRight(valuesOf<Had>(results, 'getter')), JSON.stringify(results))
      const history = await race(import.meta.url, { dir, cast: { getter: 8 }, rounds, after })
      note(`${kind}: ${rounds} rounds, made once in each`)
      assert.ok(history.every(overlaps), 'no contention')
      assert.equal(
        readdirSync(dir).filter(name => name.startsWith('.')),
        [],
        'debris',
      )
    })

    raced(`race on ${kind} catches: an age by the clock of the reader`, async () => {
      const round = await catchInRace(
        import.meta.url,
        { dir: lay(place), cast: { naive: 8 }, rounds },
        results => !isRight(valuesOf<Had>(results, 'naive')),
      )
      note(`${kind}: it is too old, or made again, in round ${round}`)
    })
  }

  raced('race: readers get what was found good, beside two that replace it all the time', async () => {
    const dir = scratch(places.at(-1)?.dir)
    const cast = { reader: 3, swapper: 2 }
    const history = await race(import.meta.url, { dir, cast, rounds: sized(4, 50) })
    const made = history.flatMap(results => valuesOf<{ reads: number }>(results, 'reader'))
    const reads = made.reduce((sum, one) => sum + one.reads, 0)
    note(`${reads} reads, ${badReads(history.flat())} bad`)
    assert.is(badReads(history.flat()), 0)
    assert.ok(history.every(overlaps), 'no contention')
  })

  raced('race catches: a file that is checked, and then read by its path', async () => {
    const dir = scratch(places.at(-1)?.dir)
    const cast = { careless: 3, swapper: 2 }
    const isCaught = (results: readonly Result[]) => badReads(results) > 0
    const round = await catchInRace(import.meta.url, { dir, cast, rounds: 60 }, isCaught)
    note(`a bad one is read in round ${round}`)
  })
}
