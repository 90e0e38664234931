// Every schedule of `getOrCreate`. The explorer does not see what a producer does by itself, so here producers usually
// return pieces, which are written call by call.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GetOrCreateOptions, type Got, getOrCreate } from 'holdfast'
import type { Steps } from 'holdfast/steps'
import type { Ending, World } from 'holdfast/testing'
import { lockThenProduce, produceInPlace, removeThenProduce } from '../broken/broken.js'
import {
  answers,
  assert,
  caught,
  explored,
  looks,
  nobodyElseThrew,
  nobodyThrew,
  prove,
  proveLarge,
} from '../support/kit.js'

const it = (dir: string): string => join(dir, 'it')
const inIt = (dir: string): string => join(dir, 'it/in')

/** The lock is free. */
function free(dir: string): void {
  mkdirSync(`${it(dir)}.lock`)
  writeFileSync(`${it(dir)}.lock/t.2.${'a'.repeat(16)}.${'b'.repeat(16)}..f.1`, '')
}

/** The lock is free, and the target is not valid. */
function badFile(dir: string): void {
  free(dir)
  writeFileSync(it(dir), 'half')
}

function badDirectory(dir: string): void {
  free(dir)
  mkdirSync(it(dir))
  writeFileSync(inIt(dir), 'half')
}

/** The smallest target that is not valid, because each call of its deletion makes the world larger. */
function emptyDirectory(dir: string): void {
  free(dir)
  mkdirSync(it(dir))
}

const pieces = (who: string): string[] => [`${who} made `, 'it']
const whole = /^\w+ made it$/
const isWhole = (path: string): boolean => whole.test(readFileSync(path, 'utf8'))

const makeFile = (dir: string, who: string, options?: GetOrCreateOptions<'file'>): Steps<Got> =>
  getOrCreate.steps(it(dir), () => pieces(who), { durability: 'none', ...options })

const makeDirectory = (dir: string, who: string, options?: GetOrCreateOptions): Steps<Got> =>
  getOrCreate.steps(it(dir), stage => writeFileSync(join(stage, 'in'), pieces(who).join('')), {
    ...options,
    kind: 'directory',
  })

const replaceFile = (dir: string, who: string) => makeFile(dir, who, { validate: isWhole })
const replaceDirectory = (dir: string, who: string) =>
  makeDirectory(dir, who, { validate: path => existsSync(join(path, 'in')) && isWhole(join(path, 'in')) })

const players =
  (get: (dir: string, who: string) => Steps<unknown>, ...names: string[]) =>
  (dir: string) =>
    Object.fromEntries(names.map(name => [name, get(dir, name)]))

const two = (get: (dir: string, who: string) => Steps<unknown>) => players(get, 'A', 'B')

function tally(ending: Ending): { killed: number; got: number; made: number } {
  const got = (answers(ending) as Got[]).filter(one => typeof one?.made === 'boolean')
  const killed = Object.values(ending.outcomes).filter(({ how }) => how === 'killed').length
  return { killed, got: got.length, made: got.filter(({ made }) => made).length }
}

/**
 * Each player that returned has the whole target, which one of them made; only killed players leave anything behind.
 */
const onceAndWhole =
  (where: (dir: string) => string, mostLeft = 1): World['check'] =>
  ending => {
    nobodyThrew(ending)
    const { killed, got, made } = tally(ending)
    assert.ok(killed > 0 ? made <= 1 : made === 1, `made ${made} times`)
    if (got > 0) assert.ok(isWhole(where(ending.dir)))
    const left = readdirSync(ending.dir).filter(name => name !== 'it' && name !== 'it.lock')
    assert.ok(left.length <= killed * mostLeft, `debris: ${left}`)
  }

/** What the reader saw, in order; `half` is the target that was there before. */
const saw = ({ outcomes }: Ending): (string | undefined)[] =>
  (outcomes.reader as { readonly value?: unknown }).value as (string | undefined)[]

explored('explore: two who get or create a file, and a kill', () => {
  const world = { players: two(makeFile), kills: 1, check: onceAndWhole(it) }
  assert.ok(prove('2 get or create, 1 kill, a lock there', { ...world, setup: free }).complete)
  proveLarge('2 get or create, 1 kill, nothing there', world, 1)
})

explored('explore: three, and a kill', () => {
  const world = { setup: free, players: players(makeFile, 'A', 'B', 'C'), kills: 1, check: onceAndWhole(it) }
  prove('3 get or create, 1 kill', world, { preemptions: 1 })
  prove('3 get or create, 1 kill', world, { random: { schedules: 1500 } })
})

explored('explore: two who make a directory, and a kill', () => {
  const world = { setup: free, players: two(makeDirectory), kills: 1, check: onceAndWhole(inIt) }
  proveLarge('2 get or create a directory, 1 kill', world, 1)
})

explored('explore: two who replace what is not good, a kill, and a reader who sees the old or the new', () => {
  const reading = (where: (dir: string) => string) => (dir: string) => ({ reader: looks(where(dir)) })
  const seen = (where: (dir: string) => string, absent: boolean, mostLeft: number): World['check'] => {
    const check = onceAndWhole(where, mostLeft)
    return ending => {
      check(ending)
      let news = 0
      for (const one of saw(ending)) {
        assert.ok(one === undefined ? absent : one === 'half' ? news === 0 : whole.test(one), `saw ${one}`)
        if (one !== 'half') news++
      }
    }
  }
  const file = { setup: badFile, adversaries: reading(it), check: seen(it, false, 1) }
  assert.ok(
    prove('1 replaces, 1 reader, 1 kill', { ...file, players: players(replaceFile, 'A'), kills: 1 }, {}, () => true)
      .complete,
  )
  proveLarge('2 replace, 1 reader', { ...file, players: two(replaceFile) }, 2)
  const tree = { setup: badDirectory, adversaries: reading(inIt), check: seen(inIt, true, 2) }
  assert.ok(
    prove('1 replaces a directory, 1 reader, 1 kill', { ...tree, players: players(replaceDirectory, 'A'), kills: 1 })
      .complete,
  )
})

explored('explore: two who replace a directory, and a kill', () => {
  const world = { setup: emptyDirectory, players: two(replaceDirectory), kills: 1, check: onceAndWhole(inIt, 2) }
  proveLarge('2 replace a directory, 1 kill', world, 1)
})

explored('explore: two who refresh: each has what was made after it began', () => {
  const refresh = (dir: string, who: string) => makeFile(dir, who, { refresh: true })
  const found = prove('2 refresh', {
    setup: badFile,
    players: two(refresh),
    check: ending => {
      nobodyThrew(ending)
      const { made } = tally(ending)
      assert.ok(made === 1 || made === 2)
      assert.ok(isWhole(it(ending.dir)))
      assert.equal(readdirSync(ending.dir).sort(), ['it', 'it.lock'], 'debris')
    },
  })
  assert.ok(found.complete)
})

explored(
  'explore: on two machines, and the clock jumps: who is robbed while it works takes what the other has made',
  () => {
    const world: World = {
      setup: free,
      players: two(makeFile),
      strangers: true,
      ticks: 1,
      check: ending => {
        nobodyThrew(ending)
        const { got, made } = tally(ending)
        assert.equal([got, made], [2, 1])
        assert.ok(isWhole(it(ending.dir)))
        assert.equal(readdirSync(ending.dir).sort(), ['it', 'it.lock'], 'debris')
      },
    }
    prove('2 strangers, 1 tick', world, { preemptions: 2 })
  },
)

explored('explore: a failure or an abort at any call: it is there whole, or what was there before', () => {
  const cases = [
    [free, makeFile, it],
    [badFile, replaceFile, it],
    [free, makeDirectory, inIt],
    [badDirectory, replaceDirectory, inIt],
  ] as const
  for (const [setup, get, where] of cases) {
    for (const budget of [{ failures: 1 }, { aborts: 1 }]) {
      const check: World['check'] = ending => {
        nobodyElseThrew(ending)
        const { got } = tally(ending)
        const now = (() => {
          try {
            return readFileSync(where(ending.dir), 'utf8')
          } catch {
            return undefined
          }
        })()
        assert.ok(now === undefined ? setup === free && got === 0 : now === 'half' ? got === 0 : whole.test(now), now)
        const left = readdirSync(ending.dir).filter(name => name !== 'it' && name !== 'it.lock')
        // If the deletion failed, the private name stays.
        assert.ok(left.length <= ('failures' in budget ? 1 : 0), `debris: ${left}`)
      }
      const world = { setup, players: players(get, 'A'), ...budget, check }
      assert.ok(prove(`1 ${setup.name} ${get.name}, ${JSON.stringify(budget)}`, world, {}, () => true).complete)
    }
  }
})

explored('explore: two, and a reply that is lost', () => {
  for (const [get, where] of [
    [makeFile, it],
    [makeDirectory, inIt],
  ] as const) {
    const world = { setup: free, players: two(get), lies: 1, check: onceAndWhole(where) }
    prove(`2 ${get.name}, 1 lie`, world, { preemptions: 1 })
  }
})

explored('explore catches: made in its place, without a lock', () => {
  const get = (dir: string, who: string) => produceInPlace.steps(it(dir), pieces(who))
  caught('made by two', /made 2 times/, { players: two(get), check: onceAndWhole(it) })
  const seen: World['check'] = ending => {
    for (const one of saw(ending)) assert.ok(one === undefined || whole.test(one), `saw half of it: "${one}"`)
  }
  const reading = (dir: string) => ({ reader: looks(it(dir)) })
  caught('seen half made', /saw half of it/, { players: players(get, 'A'), adversaries: reading, check: seen })
  const dead = { players: two(get), kills: 1, check: onceAndWhole(it) }
  caught('half made by who was killed, and taken for whole', /Expected value to be truthy|made 2 times/, dead)
})

explored('explore catches: no look after the lock was waited for', () => {
  const get = (dir: string, who: string) => lockThenProduce.steps(it(dir), pieces(who))
  caught('made twice', /made 2 times/, { setup: free, players: two(get), check: onceAndWhole(it) })
})

explored('explore catches: what is not good is removed before the new is there', () => {
  const get = (dir: string, who: string) => removeThenProduce.steps(it(dir), pieces(who))
  const seen: World['check'] = ending => assert.not(saw(ending).includes(undefined), 'the reader saw nothing')
  const reading = (dir: string) => ({ reader: looks(it(dir)) })
  const world = { setup: badFile, players: players(get, 'A'), adversaries: reading, check: seen }
  caught('removed first', /saw nothing/, world)
})
