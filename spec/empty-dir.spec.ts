// The template of CONTRIBUTING.md: what the spec of every public function has, in its three layers. What else
// `emptyDir` promises is tested in remove.spec.ts.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyDir } from 'holdfast'
import { contender, overlaps } from 'holdfast/testing'
import { emptyInPlace } from './broken/broken.js'
import {
  assert,
  catchInRace,
  caught,
  explored,
  holds,
  nobodyThrew,
  places,
  prove,
  race,
  raced,
  scratch,
  sized,
} from './support/kit.js'
import * as laws from './support/laws.js'

const path = (dir: string): [string] => [join(dir, 'd')]
const lay = (dir: string): void => {
  mkdirSync(join(dir, 'd'), { recursive: true })
  for (const name of ['one', 'two']) writeFileSync(join(dir, 'd', name), '')
}
const trial = { setup: lay, args: path, done: (dir: string) => assert.equal(readdirSync(join(dir, 'd')), []) }
const blocked = { setup: (dir: string) => writeFileSync(join(dir, 'd'), 'a file in the way'), args: path }
const two = (one: typeof emptyDir.steps) => (dir: string) => ({ A: one(...path(dir)), B: one(...path(dir)) })

// In the race this file is its own worker: a child plays its part, and the parent has the tests.
const plays = { ours: (dir: string) => emptyDir(...path(dir)), naive: (dir: string) => emptyInPlace(...path(dir)) }
if (!contender(plays)) {
  holds('whichever call fails, its error comes out, or it is empty', () =>
    laws.assertOriginalErrorComesOut(emptyDir, trial),
  )
  holds('both forms come to the same', () => laws.assertSyncAndAsyncAgree(emptyDir, trial, blocked))
  holds('whatever fails or is stopped leaves nothing behind', () => laws.assertNothingLeftBehind(emptyDir, trial))
  holds('bad input is refused before anything is done', () =>
    laws.assertRefusesBadInput(emptyDir, scratch(), [
      [[''], 'ERR_INVALID_ARG_VALUE'],
      [['d', { concurrency: 0 }], 'ERR_OUT_OF_RANGE'],
    ]),
  )

  const world = { setup: lay, check: nobodyThrew }
  explored('explore: two empty one directory, with a kill', () => {
    assert.ok(prove('2 emptyDir, 1 kill', { ...world, kills: 1, players: two(emptyDir.steps) }).complete)
  })
  explored('explore catches: list, then unlink', () => {
    caught('list, then unlink', /ENOENT/, { ...world, players: two(emptyInPlace.steps) })
  })

  for (const { kind, dir: place } of places) {
    raced(`race on ${kind}: four empty one directory, and none is rejected`, async () => {
      const dir = scratch(place)
      const before = () => lay(dir)
      const rounds = await race(import.meta.url, { dir, before, cast: { ours: 4 }, rounds: sized(50, 1000) })
      assert.ok(rounds.flat().every(({ how }) => how === 'returned'))
      assert.ok(rounds.filter(overlaps).length > rounds.length / 4, 'no contention')
      const naive = { dir, before, cast: { naive: 4 } }
      await catchInRace(import.meta.url, naive, results => results.some(({ how }) => how === 'threw'))
    })
  }
}
