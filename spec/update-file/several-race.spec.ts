// Real processes that change two files in one call, named in both orders and through links; some are killed half-way.
// Each counts its own changes in both files.

import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { sweep, updateFile } from 'holdfast'
import { dual } from 'holdfast/steps'
import { contender, overlaps, type Result } from 'holdfast/testing'
import { lockAsGiven } from '../broken/updates.js'
import { killedWhen } from '../support/killed-when.js'
import { assert, catchInRace, note, places, race, raced, scratch, sized } from '../support/kit.js'

const rounds = sized(4, 60)
const updates = sized(6, 25)
const updaters = 8

type Counts = Readonly<Record<string, number>>

const counted = (old: Counts = {}, who: string): Counts => ({ ...old, [who]: (old[who] ?? 0) + 1 })
const countsIn = (dir: string, name: string): Counts => JSON.parse(readFileSync(join(dir, name), 'utf8'))

/** In either order, and in every third call through links. */
function filesOf(dir: string, turn: number): string[] {
  const files = ['one', 'two'].map(name => join(dir, turn % 3 === 0 ? `${name}.link` : name))
  return turn % 2 ? files : files.reverse()
}

const json = { json: true, durability: 'none' } as const
const changing = (who: string) => (olds: readonly (Counts | undefined)[]) => olds.map(old => counted(old, who))

const plays = {
  updater: async (dir: string, _: number, number: number) => {
    const change = changing(`${number}`)
    for (let turn = number; turn < number + updates; turn++) {
      if (turn % 4 === 0) updateFile.sync<Counts[]>(filesOf(dir, turn), change, json)
      else await updateFile<Counts[]>(filesOf(dir, turn), olds => wait(0, change(olds)), json)
    }
  },
  victim: (dir: string, round: number, number: number) => {
    let holds = false
    const change = (olds: readonly (Counts | undefined)[]) => {
      holds = true
      return changing(`victim ${round} ${number}`)(olds)
    }
    const steps = updateFile.steps<Counts[]>(filesOf(dir, number), change, json)
    return dual(() => killedWhen(steps, () => holds, round * 3 + number))()
  },
  naive: async (dir: string, _: number, number: number) => {
    const change = (olds: readonly string[]) => olds.map(old => JSON.stringify(counted(JSON.parse(old), `${number}`)))
    const files = ['one', 'two'].map(name => join(dir, name))
    if (number % 2) files.reverse()
    // For so long, and not so often: while one of them rests, the other one may make any number of changes.
    for (const until = performance.now() + 1_000; performance.now() < until; ) {
      try {
        await lockAsGiven(files, change, { timeout: 3_000 })
      } catch (error) {
        return (error as NodeJS.ErrnoException).code
      }
    }
    return 'done'
  },
}

function lay(where: string): string {
  const dir = scratch(where)
  for (const name of ['one', 'two']) {
    writeFileSync(join(dir, name), '{}')
    symlinkSync(name, join(dir, `${name}.link`))
  }
  return dir
}

if (!contender(plays)) {
  for (const { kind, dir: place } of places) {
    raced(`race on ${kind}: eight change two files in both orders, and three a round are killed`, async () => {
      const dir = lay(place)
      const since = performance.now()
      const history = await race(import.meta.url, { dir, cast: { updater: updaters, victim: 3 }, rounds })
      const ms = Math.round(performance.now() - since)
      for (const { how, message, role } of history.flat()) assert.ok(how !== 'threw', `${role} threw ${message}`)
      const [one, two] = [countsIn(dir, 'one'), countsIn(dir, 'two')]
      for (let number = 0; number < updaters; number++)
        assert.equal([one[number], two[number]], [rounds * updates, rounds * updates], `updater ${number}`)
      const victims = history.flat().filter(({ role }) => role === 'victim').length
      const between = Object.keys({ ...one, ...two }).filter(who => one[who] !== two[who])
      assert.ok(between.every(who => who.startsWith('victim') && (one[who] ?? 0) + (two[who] ?? 0) === 1))
      note(
        `${kind}: ${updaters * rounds * updates} changes are in both files; of ${victims} that were killed, ` +
          `${between.length} between two writes; ${ms} ms`,
      )
      assert.ok(between.length > 0, 'nobody was killed between two writes')
      assert.ok(history.every(overlaps), 'no contention')
      await sweep(dir)
      assert.equal(readdirSync(dir), ['one', 'one.link', 'one.lock', 'two', 'two.link', 'two.lock'], 'debris')
    })

    raced(`race on ${kind} catches: locks that are taken in the order of the caller`, async () => {
      const isStuck = ({ value }: Result) => value === 'ERR_TIMEOUT' || value === 'ERR_LOCK_HELD'
      const cast = { dir: lay(place), cast: { naive: 2 }, rounds: 20 }
      const round = await catchInRace(import.meta.url, cast, results => results.some(isStuck))
      note(`${kind}: two wait for each other in round ${round}`)
    })
  }
}
