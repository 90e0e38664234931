// The laws of this package, for the functions of a limiter: whichever call fails or is aborted, its own error comes out, or
// what was promised holds; both forms agree; and nothing is left behind.

import type { Dual } from 'holdfast/steps'
import { type Decision, type Limiter, limiter, type Rule } from 'holdfast/store'
import { failingAt } from '../../broken/interfere.js'
import { assert, holds, scratch } from '../../support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertSyncAndAsyncAgree,
  type Trial,
} from '../../support/laws.js'
import { filesAt } from '../../support/limiter-clock.js'

const clock = { nowMs: 1_700_000_000_000 }
const rule: Rule = { limit: 5, per: 60_000 }
/** So many hits that they are in a file. */
const logged: Rule = { kind: 'sliding', limit: 50, per: 60_000 }

const limitsIn = (dir: string, one: Rule = rule): Limiter => limiter(filesAt(dir, clock), one)
const countIn = (dir: string, one: Rule = rule): number => limitsIn(dir, one).peek.sync('k', { cost: 0 }).count

type Name = 'hit' | 'peek' | 'inc' | 'set' | 'refund' | 'expiresAt' | 'reset' | 'sweep'
type Act = Dual<unknown[], unknown>

/** A function of a limiter, which is the first argument. */
function functionOf(name: Name): Act {
  const of = (limits: unknown) => (limits as Limiter)[name] as unknown as Act
  return Object.assign((limits: unknown, ...args: unknown[]) => of(limits)(...args), {
    sync: (limits: unknown, ...args: unknown[]) => of(limits).sync(...args),
    steps: (limits: unknown, ...args: unknown[]) => of(limits).steps(...args),
  })
}

interface Case {
  readonly what: string
  readonly name: Name
  readonly trial: Trial<unknown[]>
}

const three = (dir: string): void => void limitsIn(dir).inc.sync('k', 3)
/** The same by the limiter that is called then, which remembers it. */
const itsOwn = (dir: string, hits: number, one: Rule = rule): Limiter => {
  const limits = limitsIn(dir, one)
  for (let nth = 0; nth < hits; nth++) {
    clock.nowMs++
    limits.hit.sync('k')
  }
  return limits
}
const isCounted =
  (count: number, one: Rule = rule) =>
  (dir: string, made: unknown) => {
    assert.is(countIn(dir, one), count)
    assert.is((made as Decision).count, count)
  }

const cases: readonly Case[] = [
  { what: 'the first hit', name: 'hit', trial: { args: dir => [limitsIn(dir), 'k'], done: isCounted(1) } },
  { what: 'a hit', name: 'hit', trial: { setup: three, args: dir => [limitsIn(dir), 'k'], done: isCounted(4) } },
  { what: 'a hit after a hit', name: 'hit', trial: { args: dir => [itsOwn(dir, 1), 'k'], done: isCounted(2) } },
  { what: 'a hit that is denied', name: 'hit', trial: { args: dir => [itsOwn(dir, 5), 'k'], done: isCounted(5) } },
  {
    what: 'a hit of a long log',
    name: 'hit',
    trial: { args: dir => [itsOwn(dir, 9, logged), 'k'], done: isCounted(10, logged) },
  },
  {
    what: 'peek',
    name: 'peek',
    trial: { setup: three, args: dir => [limitsIn(dir), 'k'], done: dir => assert.is(countIn(dir), 3) },
  },
  {
    what: 'inc over the limit',
    name: 'inc',
    trial: { setup: three, args: dir => [limitsIn(dir), 'k', 7], done: dir => assert.is(countIn(dir), 10) },
  },
  {
    what: 'set',
    name: 'set',
    trial: { setup: three, args: dir => [limitsIn(dir), 'k', 1], done: dir => assert.is(countIn(dir), 1) },
  },
  {
    what: 'refund',
    name: 'refund',
    trial: {
      setup: three,
      args: dir => [limitsIn(dir), 'k', limitsIn(dir).hit.sync('k')],
      done: (dir, isBack) => assert.is(countIn(dir), isBack ? 3 : 4),
    },
  },
  {
    what: 'expiresAt',
    name: 'expiresAt',
    trial: { setup: three, args: dir => [limitsIn(dir), 'k'], done: (_, ms) => assert.is(ms, clock.nowMs + 60_000) },
  },
  {
    what: 'reset',
    name: 'reset',
    trial: { setup: three, args: dir => [limitsIn(dir), 'k'], done: dir => assert.is(countIn(dir), 0) },
  },
  {
    what: 'sweep',
    name: 'sweep',
    trial: {
      setup: dir => void limiter(filesAt(dir, { nowMs: 1 }), rule).hit.sync('k'),
      args: dir => [limitsIn(dir)],
      done: dir => assert.equal([...filesAt(dir, clock).keys()], []),
    },
  },
]

/** Of what begins with a guess: a failure shows that this was one, and the call begins again with a look. */
const guessing = ['a hit after a hit', 'a hit that is denied']

for (const { what, name, trial } of cases) {
  if (!guessing.includes(what))
    holds(`${what}: whichever call fails, its error comes out, or what was promised holds`, () =>
      assertOriginalErrorComesOut(functionOf(name), trial).then(() => {}),
    )
  holds(`${what}: whatever fails or is stopped leaves nothing behind`, () =>
    assertNothingLeftBehind(functionOf(name), trial),
  )
}

holds('a hit of what the limiter remembers is made, and counted once, whichever call fails', async () => {
  for (const { trial } of cases.filter(({ what }) => guessing.includes(what)))
    for (let nth = 0, isOver = false; !isOver; nth++) {
      const dir = scratch()
      const { call, ...end } = await failingAt(nth, functionOf('hit').steps(...trial.args(dir)), 'promise')
      if ('error' in end) assert.match(`${call?.op}`, /^(exists|random)$/, `${call?.op} has failed`)
      else trial.done?.(dir, end.value)
      isOver = !call
    }
})

holds('both forms come to the same', async () => {
  for (const { name, trial } of cases) {
    const beganMs = clock.nowMs
    const again = (dir: string) => {
      clock.nowMs = beganMs
      trial.setup?.(dir)
    }
    await assertSyncAndAsyncAgree(functionOf(name), { ...trial, setup: again })
  }
})
