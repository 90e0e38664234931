// `remove` with a filter in real processes: what is kept stays, also what comes while the calls are at work.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { remove } from 'holdfast'
import { contender, overlaps, type Result } from 'holdfast/testing'
import { assert, catchInRace, note, placesAnd, race, raced, scratch, sized } from '../support/kit.js'

const dirs = 40
const treeOf = (dir: string, round: number): string => join(dir, `tree-${round}`)
const mayGo = (path: string): boolean => !path.includes('keep')

function layOut(dir: string, round: number): void {
  for (let at = 0; at < dirs; at++) {
    const below = join(treeOf(dir, round), `${at}`, 'sub')
    mkdirSync(below, { recursive: true })
    for (const name of ['a', 'b', 'c']) writeFileSync(join(below, name), '')
  }
  writeFileSync(join(treeOf(dir, round), 'keep'), '')
}

const clear = (dir: string, round: number): Promise<boolean> => remove(treeOf(dir, round), { filter: mayGo })

/** As it is usually written: asks about all that is there, and then removes whole what may go. */
async function askThenRemove(dir: string, round: number): Promise<void> {
  for (const name of readdirSync(treeOf(dir, round))) {
    const path = join(treeOf(dir, round), name)
    try {
      const below = mayGo(path) ? (readdirSync(path, { recursive: true }) as string[]) : []
      if (mayGo(path) && below.every(mayGo)) await remove(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Makes things that are to be kept, in directories that may be gone. Returns those that were made. */
async function make(dir: string, round: number): Promise<string[]> {
  const made: string[] = []
  for (let at = dirs - 1; at >= 0; at--) {
    // Removers take longer.
    if (at % 4 === 0) await wait(1)
    const path = join(treeOf(dir, round), `${at}`, 'sub', 'keep')
    try {
      writeFileSync(path, '', { flag: 'wx' })
      made.push(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return made
}

const madeIn = (results: readonly Result[]): string[] => results.find(({ role }) => role === 'make')?.value as string[]
const lost = (results: readonly Result[]): string[] => madeIn(results).filter(path => !existsSync(path))

if (!contender({ clear, make, askThenRemove })) {
  for (const { kind, dir: place } of placesAnd('btrfs'))
    raced(
      `race on ${kind}: two remove with a filter beside a maker: what was made and is to be kept stays`,
      async () => {
        const dir = scratch(place)
        let [kept, late] = [0, 0]
        const rounds = await race(import.meta.url, {
          dir,
          cast: { clear: 2, make: 1 },
          rounds: sized(20, 400),
          before: round => layOut(dir, round),
          after: (results, round) => {
            for (const { how, message } of results) assert.is(how, 'returned', message ?? '')
            assert.equal(lost(results), [])
            const made = madeIn(results)
            kept += made.length
            late += dirs - made.length
            // All else is gone, but what is above a thing that was kept.
            const names = (readdirSync(treeOf(dir, round), { recursive: true }) as string[]).sort()
            const above = made.flatMap(path => [path, join(path, '..'), join(path, '../..')])
            const expected = ['keep', ...above.map(path => path.slice(treeOf(dir, round).length + 1))]
            assert.equal(names, [...new Set(expected)].sort())
          },
        })
        note(`${kind}: ${kept} things came in time and stayed, ${late} directories were gone before`)
        assert.ok(rounds.some(overlaps) && kept > 0 && late > 0, 'no contention')
      },
    )

  raced('race catches: ask about all that is there, and then remove it whole', async () => {
    const dir = scratch()
    const cast = { askThenRemove: 2, make: 1 }
    const before = (round: number) => layOut(dir, round)
    await catchInRace(import.meta.url, { dir, cast, rounds: 200, before }, results => lost(results).length > 0)
  })
}
