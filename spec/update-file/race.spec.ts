// Real processes that change one file at the same time; some are killed half-way. Each counts its own changes in it.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { sweep, updateFile } from 'holdfast'
import { dual } from 'holdfast/steps'
import { contender, overlaps, type Result } from 'holdfast/testing'
import { readThenWrite } from '../broken/broken.js'
import { killedWhen } from '../support/killed-when.js'
import { assert, note, places, race, raced, scratch, sized } from '../support/kit.js'
import { isWine } from '../windows/flavour.js'

const rounds = sized(5, 100)
// Under Wine the calls of all processes go through one server: there 1600 updates took six minutes, of a machine that was busy.
const updates = sized(isWine ? 10 : 40, 40)
const readerRestMs = isWine ? 10 : 1
const updaters = 8

interface Counts {
  /** The process that changed it last. */
  readonly last: string
  readonly total: number
  readonly by: Readonly<Record<string, number>>
  /** Makes the file large enough to be read in several pieces. */
  readonly ballast: string
}

const none: Counts = { last: '', total: 0, by: {}, ballast: 'x'.repeat(20_000) }

const counted = (old: Counts, who: string): Counts => ({
  last: who,
  total: old.total + 1,
  by: { ...old.by, [who]: (old.by[who] ?? 0) + 1 },
  ballast: old.ballast,
})

/** Does the total agree with its parts? */
function isSound(text: string): boolean {
  try {
    const { total, by, ballast } = JSON.parse(text) as Counts
    return ballast === none.ballast && total === Object.values(by).reduce((sum, one) => sum + one, 0)
  } catch {
    return false
  }
}

const countsIn = (dir: string): Counts => JSON.parse(readFileSync(join(dir, 'counts.json'), 'utf8'))
const over = (dir: string, round: number): number =>
  readdirSync(dir).filter(name => name.startsWith(`over-${round}-`)).length

type Put = (file: string, change: (old: Counts) => Counts, update: number) => unknown

/** Counts itself up so many times; returns how often another process had done so in between. */
async function counting(dir: string, round: number, number: number, put: Put): Promise<number> {
  let met = 0
  const change = (old: Counts) => {
    if (old.last !== String(number)) met++
    return counted(old, String(number))
  }
  try {
    for (let update = 0; update < updates; update++) await put(join(dir, 'counts.json'), change, update)
  } finally {
    // Readers wait for it, also if a change has failed.
    writeFileSync(join(dir, `over-${round}-${number}`), '')
  }
  return met
}

/** Uses each form in turn; one update in twenty waits for the disk. */
const ours: Put = (file, change, update) => {
  const options = { json: true, durability: update % 20 ? 'none' : 'file' } as const
  const known = (old: Counts | undefined) => change(old ?? none)
  if (update % 3 === 0) return updateFile.sync<Counts>(file, known, options)
  if (update % 3 === 1) return updateFile<Counts>(file, known, options)
  const later = async (old: Counts | undefined) => {
    await wait(1)
    return known(old)
  }
  return updateFile<Counts>(file, later, options)
}

const plays = {
  updater: (dir: string, round: number, number: number) => counting(dir, round, number, ours),
  naive: (dir: string, round: number, number: number) =>
    counting(dir, round, number, (file, change) =>
      readThenWrite(file, old => JSON.stringify(change(JSON.parse(old)), null, 2)),
    ),
  /** The first dies before its change is there, as a rule; the second as soon as it is, however often the rename was refused. */
  victim: (dir: string, round: number, number: number) => {
    let holds = false
    const who = `victim ${number} of ${round}`
    const change = (old: Counts = none) => {
      holds = true
      return counted(old, who)
    }
    const steps = updateFile.steps<Counts>(join(dir, 'counts.json'), change, { json: true, durability: 'none' })
    const isThere = () => holds && countsIn(dir).last === who
    return dual(() =>
      number === 0 ? killedWhen(steps, () => holds, (round * 2) % 10) : killedWhen(steps, isThere, 0),
    )()
  },
  reader: async (dir: string, round: number) => {
    const seen = { reads: 0, bad: 0 }
    for (; seen.reads % 20 > 0 || over(dir, round) < updaters; seen.reads++) {
      if (!isSound(readFileSync(join(dir, 'counts.json'), 'utf8'))) seen.bad++
      await wait(readerRestMs)
    }
    return seen
  },
}

const valuesOf = (history: readonly Result[][], role: string): unknown[] => {
  const all = history.flat().filter(one => one.role === role)
  for (const { how, message } of all) if (how === 'threw') throw new Error(`${role} threw ${message}`)
  return all.map(({ value }) => value)
}

function readsOf(history: readonly Result[][]): { reads: number; bad: number } {
  const sum = { reads: 0, bad: 0 }
  for (const { reads, bad } of valuesOf(history, 'reader') as (typeof sum)[]) {
    sum.reads += reads
    sum.bad += bad
  }
  return sum
}

const changesOfUpdaters = ({ by }: Counts): number[] => Array.from({ length: updaters }, (_, at) => by[at] ?? 0)

if (!contender(plays)) {
  for (const { kind, dir: place } of places) {
    raced(`race on ${kind}: eight who count, three who read, and ten who are killed`, async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'counts.json'), `${JSON.stringify(none, null, '\t')}\n`)
      const since = performance.now()
      const cast = { updater: updaters, reader: 3, victim: 2 }
      const history = await race(import.meta.url, { dir, cast, rounds })
      const ms = Math.round(performance.now() - since)
      const { reads, bad } = readsOf(history)
      const met = (valuesOf(history, 'updater') as number[]).reduce((sum, one) => sum + one, 0)
      const died = history.flat().filter(({ how }) => how === 'died').length
      const counts = countsIn(dir)
      const mine = changesOfUpdaters(counts)
      const there = mine.reduce((sum, one) => sum + one, 0)
      const left = readdirSync(dir).filter(name => name.startsWith('.'))
      note(
        `${kind}: ${there} of ${updaters * rounds * updates} changes are there, ${met} of them after another’s; ` +
          `${reads} reads, ${bad} bad; ${died} killed, who left ${left.length} names, after ${counts.total - there} changes; ${ms} ms`,
      )
      assert.equal(mine, Array(updaters).fill(rounds * updates))
      assert.equal([bad, died], [0, 2 * rounds])
      assert.ok(isSound(JSON.stringify(counts)))
      assert.match(readFileSync(join(dir, 'counts.json'), 'utf8'), /^\{\n\t"last".*\n\}\n$/s)
      assert.ok(left.length > 0 && counts.total > there, 'nobody was killed in the middle')
      assert.ok(reads > 100 && met > 100 && history.every(overlaps), 'no contention')
      assert.equal(await sweep(dir), left.sort())
      const rest = readdirSync(dir).filter(name => !name.startsWith('over-'))
      assert.equal(rest, ['counts.json', 'counts.json.lock'], 'debris')
    })

    raced(`race on ${kind} catches: reading and then writing`, async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'counts.json'), JSON.stringify(none))
      const history = await race(import.meta.url, { dir, cast: { naive: updaters }, rounds: 1 })
      valuesOf(history, 'naive')
      const { total } = countsIn(dir)
      note(`${kind}: ${total} of ${updaters * updates} changes are there`)
      assert.ok(total < updaters * updates)
    })
  }
}
