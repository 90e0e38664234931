// Real processes share one cell, and some are killed: their requests and results are what a single cell could have
// done.

import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cell, type Reading, sweep } from 'holdfast'
import { dual, type Steps } from 'holdfast/steps'
import { assertLinearizable, contender, killedAt, overlaps } from 'holdfast/testing'
import { type Asked, cellModel, type Did, type Notes, type Told, turn } from '../support/cells.js'
import { assert, clock, note, placesAnd, race, raced, scratch, sized } from '../support/kit.js'

const isPrivate = (name: string): boolean => name.startsWith('.')

/** A process logs each request before it is made, and the result after: the request of a killed process is known. */
const log = (dir: string, round: number): string => join(dir, `log-${round}-`)

class Journal implements Notes {
  #number = 0
  constructor(readonly file: string) {}

  *note<T>(process: string, input: Asked, steps: Steps<T>, told: (value: T) => Told): Steps<T> {
    const asked = { number: this.#number++, process, input, call: clock() }
    appendFileSync(this.file, `${JSON.stringify(asked)}\n`)
    const value = yield* steps
    appendFileSync(this.file, `${JSON.stringify({ ...asked, output: told(value), ended: clock() })}\n`)
    return value
  }
}

/** Every fifth makes a tombstone, and some remove whatever is there. */
const kindOf = (nth: number): string => (nth % 5 === 4 ? 'x' : nth % 7 === 3 ? 'v' : 's')

async function living(dir: string, round: number, name: string, killAt?: number): Promise<void> {
  const journal = new Journal(log(dir, round) + name)
  function* some(): Steps<void> {
    for (let i = 0; i < turns; i++) yield* turn(join(dir, `cell-${round}`), name, `${kindOf(i)}${name}-${i}`, journal)
  }
  if (killAt !== undefined) await dual(() => killedAt(some(), killAt))()
  else if (round % 2) dual(some).sync()
  else await dual(some)()
}

const turns = 40
const plays = {
  swapper: swapping,
  looker: looking,
  player: (dir: string, round: number, number: number) => living(dir, round, `p${number}`),
  victim: (dir: string, round: number, number: number) =>
    living(dir, round, `v${number}`, 10 * Math.floor(Math.random() * 5) + ((round * 2 + number) % 10)),
  /** Counts the reads in which data and state did not belong together. */
  reader: async (dir: string, round: number) => {
    const path = join(dir, `data-${round}`)
    const seen = { read: 0, bad: 0 }
    // On a slow disk the first writer may come late.
    for (let i = 0; i < 100 || (seen.read < 20 && i < 100_000); i++) {
      const now = await cell.load(path)
      if (!now) continue
      seen.read++
      if (!isWhole(now)) seen.bad++
    }
    return seen
  },
  writer: async (dir: string, round: number, number: number) => {
    const path = join(dir, `data-${round}`)
    for (let i = 0; i < 30; i++) {
      const text = `w${number}-${i}`
      const next = { fields: [text], data: text.repeat(100) }
      const was = await cell.read(path)
      if (!was) await cell.create(path, next, { durability: 'none' })
      else if (i % 8 === 5 && i < 14) await cell.clear(path, was)
      // In the end all keep it, so that what is missing then stays missing.
      else if (i % 3 === 0 && i < 14) await cell.swap(path, was, next, { durability: 'none' })
      else await cell.swap(path, was, { fields: [was.fields[0] as string, text], keepData: true })
    }
  },
}

/** The first field says what the data is. */
const isWhole = ({ state, data }: Reading): boolean => String(data) === (state.fields[0] as string).repeat(100)

/** How many there are in each round at least: a disk may hang for longer than a round takes. */
const leastInRound = 300

/** Swaps as fast as it can. */
function swapping(dir: string, round: number): number {
  const path = join(dir, `fast-${round}`)
  let [swaps, now] = [0, cell.read.sync(path)]
  for (const until = clock() + 300; now && (clock() < until || swaps < leastInRound); swaps++)
    now = cell.swap.sync(path, now, { fields: [`${swaps}`] })
  return swaps
}

/** Looks as often as it can; counts how often nothing was seen, by readdir and by `read`. */
function looking(dir: string, round: number) {
  const path = join(dir, `fast-${round}`)
  const seen = { looks: 0, plainVoid: 0, void: 0 }
  for (const until = clock() + 300; clock() < until || seen.looks < leastInRound; seen.looks++) {
    if (readdirSync(path).length === 0) seen.plainVoid++
    if (!cell.read.sync(path)) seen.void++
  }
  return seen
}

function historyOf(dir: string, round: number): Did[] {
  const names = readdirSync(dir).filter(name => join(dir, name).startsWith(log(dir, round)))
  return names.flatMap(name => {
    const did = new Map<number, Did>()
    // What is after the last end of a line was cut off when its process was killed.
    for (const line of readFileSync(join(dir, name), 'utf8').split('\n').slice(0, -1)) {
      const one = JSON.parse(line)
      did.set(one.number, { ended: Number.POSITIVE_INFINITY, ...one })
    }
    return [...did.values()]
  })
}

if (!contender(plays)) {
  const dataRounds = sized(5, 200)
  for (const { kind, dir: place } of placesAnd('btrfs')) {
    raced(
      `race on ${kind}: six processes and two that are killed live at one cell: every history is linearizable`,
      async () => {
        const dir = scratch(place)
        const rounds = sized(6, 200)
        const history = await race(import.meta.url, { dir, cast: { player: 6, victim: 2 }, rounds })
        let [operations, lost] = [0, 0]
        for (let round = 0; round < rounds; round++) {
          const did = historyOf(dir, round)
          operations += did.length
          lost += did.filter(({ input, output }) => input.op !== 'read' && output === false).length
          assertLinearizable(cellModel('void'), did, { budget: 50_000_000 })
        }
        const died = history.flat().filter(({ how }) => how === 'died').length
        const failed = history.flat().filter(({ how }) => how === 'threw')
        note(`${kind}: ${operations} operations, ${lost} lost to another, ${died} killed, all linearizable`)
        assert.equal(
          failed.map(({ message }) => message),
          [],
        )
        assert.ok(died > rounds && lost > 20 && history.every(overlaps), 'no contention')
        await sweep(dir)
        assert.equal(readdirSync(dir).filter(isPrivate), [], 'debris')
      },
    )

    raced(`race on ${kind}: a cell that is changed without a pause is never taken for void`, async () => {
      const dir = scratch(place)
      const before = (round: number) => void cell.create.sync(join(dir, `fast-${round}`), { fields: ['first'] })
      const history = await race(import.meta.url, {
        dir,
        cast: { swapper: 1, looker: 1 },
        rounds: sized(4, 400),
        before,
      })
      const sum = { looks: 0, plainVoid: 0, void: 0 }
      for (const { role, value } of history.flat())
        if (role === 'looker')
          for (const what of Object.keys(sum) as (keyof typeof sum)[]) sum[what] += (value as typeof sum)[what]
      const swaps = history.flat().reduce((so, { role, value }) => so + (role === 'swapper' ? (value as number) : 0), 0)
      note(
        `${kind}: ${swaps} swaps, ${sum.looks} looks: nothing seen ${sum.plainVoid} times by readdir, ${sum.void} by read`,
      )
      assert.is(sum.void, 0)
      assert.ok(swaps > 1000 && sum.looks > 1000)
    })

    raced(
      `race on ${kind}: data and state belong together, for four readers of what six write, keep and remove`,
      async () => {
        const dir = scratch(place)
        const history = await race(import.meta.url, { dir, cast: { writer: 6, reader: 4 }, rounds: dataRounds })
        const readers = history.flat().filter(({ role }) => role === 'reader')
        const total = (what: 'read' | 'bad') =>
          readers.reduce((so, { value }) => so + ((value as Record<string, number> | undefined)?.[what] ?? 0), 0)
        note(`${kind}: ${total('read')} reads, ${total('bad')} of them not of one piece`)
        assert.equal([total('bad'), history.flat().filter(({ how }) => how !== 'returned')], [0, []])
        assert.ok(total('read') > 200)
        // Each cell has the data of its last state, and nothing else is left.
        const last = Array.from({ length: dataRounds }, (_, round) => cell.load.sync(join(dir, `data-${round}`)))
        const living = last.filter(now => now !== undefined)
        assert.ok(living.every(isWhole))
        assert.is(readdirSync(dir).filter(isPrivate).length, living.length)
      },
    )
  }
}
