// The races that go away when `fs-extra` becomes `holdfast/fs-extra`. Each is held with both: the package itself is the
// broken variant that must be caught.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import peer from 'fs-extra'
import face from 'holdfast/fs-extra'
import { dual, fs, orNothing, type Steps } from 'holdfast/steps'
import { contender, overlaps, type Result } from 'holdfast/testing'
import { ensureFile } from '../../../lib/faces/fs-extra/ensure.js'
import { ensureSymlink } from '../../../lib/faces/fs-extra/ensure-symlink.js'
import {
  assert,
  catchInRace,
  caught,
  explored,
  nobodyThrew,
  ownerOf,
  payload,
  prove,
  race,
  raced,
  scratch,
  sized,
} from '../../support/kit.js'

type Fs = typeof peer
const bytes = 64 * 1024
const at = (dir: string, name: string): string => join(dir, name)

/** What each role does with either package. A reader returns how often it found the file missing, or not whole. */
const plays = (fs: Fs) => ({
  writer: (dir: string, round: number, number: number) =>
    fs.outputFile(at(dir, 'f'), payload(round * 10 + number, bytes)),
  copier: (dir: string, _: number, number: number) => fs.copy(at(dir, `source${number}`), at(dir, 'f')),
  reader(dir: string) {
    const seen = { reads: 0, torn: 0 }
    for (; seen.reads < 60; seen.reads++) if (isTorn(at(dir, 'f'))) seen.torn++
    return seen
  },
  ensurer: (dir: string, round: number) => fs.ensureFile(at(dir, `new${round}`)),
  linker: (dir: string, round: number) => fs.ensureSymlink(at(dir, 'f'), at(dir, `x${round}/link`)),
  mover: (dir: string, round: number, number: number) => fs.move(at(dir, `m${number}`), at(dir, `moved${round}`)),
})

function isTorn(file: string): boolean {
  try {
    return ownerOf(readFileSync(file), bytes) === undefined
  } catch {
    return true
  }
}

const named = (way: string, fs: Fs) =>
  Object.fromEntries(Object.entries(plays(fs)).map(([role, play]) => [`${way} ${role}`, play]))

/** Creates a file in the way that another program does: not there, and a moment later whole. */
const appears = (dir: string, round: number) =>
  writeFileSync(at(dir, `new${round}`), payload(round, bytes), { flag: 'wx' })

/** What was looked up before is written over: the way of fs-extra. */
const lookThenEmpty = dual(function* steps(file: string): Steps<void> {
  if ((yield* fs.stat(file, orNothing))?.isFile()) return
  yield* fs.close(yield* fs.open(file, 'w'))
})

const writesAll = dual(function* steps(file: string): Steps<void> {
  const fd = yield* fs.open(file, 'w')
  yield* fs.write(fd, Buffer.from('text'))
  yield* fs.close(fd)
})

if (!contender({ ...named('face', face as Fs), ...named('peer', peer), appears })) {
  const ensuring = (one: (file: string) => Steps<void>) => ({
    players: (dir: string) => ({ A: one(at(dir, 'f')), B: writesAll.steps(at(dir, 'f')) }),
    check: (ending: Parameters<typeof nobodyThrew>[0] & { dir: string }) => {
      nobodyThrew(ending)
      assert.is(readFileSync(at(ending.dir, 'f'), 'utf8'), 'text')
    },
  })
  explored('explore: ensureFile beside a writer leaves what that wrote', () => {
    assert.ok(prove('ensureFile beside a writer', ensuring(ensureFile.steps)).complete)
  })
  explored('explore catches: look, then empty', () => {
    caught('look, then empty', /strictly equal/, ensuring(lookThenEmpty.steps))
  })
  explored('explore: two ensure a link to one thing, by other texts', () => {
    const world = {
      setup: (dir: string) => writeFileSync(at(dir, 'f'), ''),
      players: (dir: string) => ({
        A: ensureSymlink.steps(at(dir, 'f'), at(dir, 'link')),
        B: ensureSymlink.steps('f', at(dir, 'link')),
      }),
      check: nobodyThrew,
    }
    assert.ok(prove('2 ensureSymlink, 1 kill', { ...world, kills: 1 }).complete)
  })

  const tornOf = (results: readonly Result[]): number =>
    results.reduce((sum, { value }) => sum + ((value as { torn: number } | undefined)?.torn ?? 0), 0)
  const threw = (results: readonly Result[]): boolean => results.some(({ how }) => how !== 'returned')

  /** With the face nothing ever goes wrong, though the processes collide; with fs-extra itself it does. */
  async function assertCured(
    cast: Readonly<Record<string, number>>,
    before: (dir: string, round: number) => void,
    wentWrong: (results: readonly Result[], dir: string, round: number) => boolean,
    others: Readonly<Record<string, number>> = {},
  ): Promise<void> {
    const roles = (way: string) => ({
      ...Object.fromEntries(Object.entries(cast).map(([role, of]) => [`${way} ${role}`, of])),
      ...others,
    })
    const dir = scratch()
    const options = { dir, before: (round: number) => before(dir, round) }
    const rounds = await race(import.meta.url, {
      ...options,
      cast: roles('face'),
      rounds: sized(40, 1000),
      after: (results, round) => {
        assert.not.ok(wentWrong(results, dir, round), JSON.stringify(results))
      },
    })
    assert.ok(rounds.filter(overlaps).length > rounds.length / 4, 'no contention')
    const other = scratch()
    await catchInRace(
      import.meta.url,
      { dir: other, before: round => before(other, round), cast: roles('peer'), rounds: 2_000 },
      (results, round) => wentWrong(results, other, round),
    )
  }

  const layFile = (dir: string) => writeFileSync(at(dir, 'f'), payload(0, bytes))
  raced('race: readers beside outputFile see whole files only', () =>
    assertCured({ writer: 2, reader: 1 }, layFile, results => threw(results) || tornOf(results) > 0),
  )
  raced('race: readers beside copy see whole files only', () =>
    assertCured(
      { copier: 1, reader: 1 },
      dir => {
        layFile(dir)
        writeFileSync(at(dir, 'source0'), payload(1, bytes))
      },
      results => threw(results) || tornOf(results) > 0,
    ),
  )
  raced('race: four ensure one link, and none is rejected', () =>
    assertCured({ linker: 4 }, dir => layFile(dir), threw),
  )
  raced('race: of three that move to one name, one wins, and the others keep what they have', () =>
    assertCured(
      { mover: 3 },
      dir => {
        for (const number of [0, 1, 2]) writeFileSync(at(dir, `m${number}`), payload(number, bytes))
      },
      (results, dir) => {
        const left = readdirSync(dir).filter(name => /^m\d/.test(name)).length
        return left !== 2 || results.filter(({ how }) => how === 'returned').length !== 1
      },
    ),
  )
  raced('race: ensureFile beside a program that creates the file leaves what that wrote', () =>
    assertCured(
      { ensurer: 1 },
      dir => {
        for (const name of readdirSync(dir)) rmSync(at(dir, name), { force: true })
      },
      (results, dir, round) => {
        const made = results.find(({ role }) => role === 'appears')
        return made?.how === 'returned' && readFileSync(at(dir, `new${round}`)).length !== bytes
      },
      { appears: 1 },
    ),
  )
}
