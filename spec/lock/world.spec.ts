// Every order of the calls of two or three players that want one lock, with one of them killed and a clock that jumps.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cell, type LockOptions, lock } from 'holdfast'
import type { Steps } from 'holdfast/steps'
import type { ExploreOptions, World } from 'holdfast/testing'
import { assert, caught, explored, nobodyThrew, prove, sized } from '../support/kit.js'
import { asideAndBack, count, unlinkAndRetry } from '../support/locks.js'

type Counting = Partial<World> & { readonly there?: 'free' | 'of the dead' | undefined; readonly options?: LockOptions }

/** Each player counts once while it holds the lock. */
function counting(players: number, { there, options, ...budgets }: Counting = {}): World {
  return {
    ...budgets,
    setup: dir => {
      mkdirSync(join(dir, 'count'))
      writeFileSync(join(dir, 'count/0.0'), '')
      const fields = there === 'free' ? ['f', '0'] : ['h', '0', 'explored-9-0']
      if (there) cell.create.sync(join(dir, 'x.lock'), { fields })
    },
    players: dir =>
      Object.fromEntries(
        [...'ABC'.slice(0, players)].map(name => [name, count(dir, Boolean(budgets.strangers), options)]),
      ),
    check: ending => {
      nobodyThrew(ending)
      const said = Object.values(ending.outcomes).flatMap(end => (end.how === 'returned' ? [end.value as string] : []))
      const killed = Object.values(ending.outcomes).filter(({ how }) => how === 'killed').length
      const counted = said.filter(one => one.startsWith('counted')).length
      const total = Number(readdirSync(join(ending.dir, 'count'))[0]?.split('.')[0])
      if (total < counted || total > counted + killed) throw new Error(`${total} are counted, of ${counted} who did`)
      const fences = said.map(one => one.split(' with ')[1])
      if (new Set(fences).size < fences.length) throw new Error(`two had one fence: ${said.join('; ')}`)
      if (!budgets.strangers && said.some(one => /fenced|lost/.test(one))) throw new Error(`robbed: ${said.join('; ')}`)
    },
  }
}

/** The players want the lock of a dead process, and keep it. */
function taking(players: number, take: (dir: string) => Steps<unknown>, budgets: Partial<World> = {}): World {
  return {
    ...budgets,
    setup: dir => {
      if (take === taken) cell.create.sync(join(dir, 'x.lock'), { fields: ['h', '7', 'explored-9-0'] })
      else writeFileSync(join(dir, 'x.lock'), 'explored-9-0')
    },
    players: dir => Object.fromEntries([...'ABC'.slice(0, players)].map(name => [name, take(dir)])),
    check: ending => {
      nobodyThrew(ending)
      const ends = Object.values(ending.outcomes)
      const holders = ends.filter(end => end.how === 'returned' && end.value).length
      if (holders > 1) throw new Error(`${holders} hold it`)
      if (holders < 1 && !ends.some(({ how }) => how === 'killed')) throw new Error('nobody holds it')
    },
  }
}

function* taken(dir: string): Steps<unknown> {
  return (yield* lock.try.steps(`${dir}/x`)) !== undefined
}

const strangers = { strangers: true, there: 'free', options: { stale: 5 } } as const
const long = { maxSchedules: 10_000_000, maxSteps: 2000 }
const threeAndTicks = sized<ExploreOptions>({ random: { schedules: 1000 } }, { preemptions: 1 })
for (const [what, players, world, bounds] of [
  ['two, from nothing, one killed', 2, { kills: 1, splitListings: true }, {}],
  ['two, free, one killed, two ticks', 2, { kills: 1, ticks: 2, there: 'free' }, sized({ preemptions: 1 }, {})],
  ['three, free', 3, { there: 'free' }, { preemptions: 2 }],
  ['three, free, one killed', 3, { kills: 1, there: 'free' }, { preemptions: sized(1, 2) }],
  ['three, a dead holder, one killed, one tick', 3, { kills: 1, ticks: 1, there: 'of the dead' }, threeAndTicks],
  ['two strangers, one killed, one tick', 2, { ...strangers, kills: 1, ticks: 1 }, sized({ preemptions: 2 }, {})],
  [
    'two strangers of one boot, one killed, one tick',
    2,
    { ...strangers, strangers: 'of one boot', kills: 1, ticks: 1 },
    {},
  ],
  ['three strangers, one killed, one tick', 3, { ...strangers, kills: 1, ticks: 1 }, threeAndTicks],
] as const)
  explored(`explored: ${what}: never two whom no fence tells apart, and nobody waits for the dead`, () => {
    const { complete } = prove(`lock, ${what}`, counting(players, world), { ...long, ...bounds })
    assert.ok(complete || 'preemptions' in bounds || 'random' in bounds)
  })

for (const [players, budgets] of [
  [2, { kills: 1, lies: 2 }],
  [3, { kills: 1 }],
  [3, { lies: 1 }],
] as const)
  explored(`explored: ${players} take over from a dead one, ${JSON.stringify(budgets)}: one has it`, () => {
    const { complete } = prove(`takeover by ${players}`, taking(players, taken, budgets), long)
    assert.ok(complete)
  })

explored('the same world catches: the dead one’s lock is unlinked, and the next one made', () => {
  caught('unlink and retry', /2 hold it/, taking(2, unlinkAndRetry))
})

explored('the same world catches, only with three: the lock is renamed aside, and given back if it was fresh', () => {
  const { complete } = prove('aside and back, two', taking(2, asideAndBack), long)
  assert.ok(complete)
  caught('aside and back, three', /[23] hold it/, taking(3, asideAndBack), long)
})
