// Every order of the calls of two or three players that share one lock, or want it alone, with one of them killed; and of
// two that want the same two locks.

import { lock } from 'holdfast'
import type { Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { clear } from '../../lib/cell/transition.js'
import { leavesOf } from '../../lib/lock/whole.js'
import { bearUncounted, gateFirst, lookAtReaders, oneAfterTheOther } from '../broken/sharing.js'
import { assert, caught, explored, nobodyThrew, note, prove, sized } from '../support/kit.js'
import { laySlots } from '../support/locks.js'
import { alone, assertAlone, holding, layPresence, shared, type Take, visit, wereTogether } from '../support/sharing.js'

interface Sharing extends Partial<World> {
  /** What is there: slots that are free. */
  readonly slots?: readonly [kind: 's' | 'n', count: number, there?: number]
  /** How many may be in together. */
  readonly most?: number
}

let together = 0

function sharing(cast: Readonly<Record<string, Take>>, { slots, most, ...more }: Sharing = {}): World {
  return {
    ...more,
    setup: dir => {
      layPresence(dir)
      if (slots) laySlots(`${dir}/x`, ...slots)
    },
    players: dir =>
      Object.fromEntries(
        Object.entries(cast).map(([name, take]) => [
          name,
          take === removing ? removeThenVisit(dir) : visit(dir, name, take),
        ]),
      ),
    check: ending => {
      nobodyThrew(ending)
      assertAlone(ending, most)
      if (wereTogether(ending)) together++
    },
  }
}

/** Has the lock alone, removes it, and has the next one alone. */
const removing: Take = alone.bind(undefined)

function* removeThenVisit(dir: string): Steps<unknown> {
  const hold = yield* lock.steps(`${dir}/x`)
  for (const { locking, state } of leavesOf(hold).toReversed()) yield* clear(locking.dir, state, locking.trial)
  return yield* visit(dir, 'w', alone)
}

const one = { slots: ['s', 1] } as const
const long = { maxSchedules: 10_000_000, maxSteps: 3000 }
const oneBoot = { strangers: 'of one boot', ticks: 1, slots: ['s', 0] } as const

explored('explored: a reader and a writer, one killed: the writer is alone, and nobody waits for the dead', () => {
  const { complete } = prove('reader and writer', sharing({ r: shared, w: alone }, { ...one, kills: 1 }), long)
  assert.ok(complete)
})

const two = { a: holding(2), b: holding(2) }
for (const [what, cast, world, preemptions] of [
  ['a reader and a writer, from nothing, one killed', { r: shared, w: alone }, { kills: 1 }, sized(0, 2)],
  ['a reader and a writer, one stopped', { r: shared, w: alone }, { ...one, aborts: 1 }, sized(1, 3)],
  [
    'two readers, one of which bears a slot, one stopped',
    { r: shared, q: shared },
    { slots: ['s', 0], aborts: 1 },
    sized(0, 2),
  ],
  ['a reader and a writer, one lie', { r: shared, w: alone }, { ...one, lies: 1 }, sized(1, 3)],
  [
    'a reader that bears a slot and a writer, one lie',
    { r: shared, w: alone },
    { slots: ['s', 0], lies: 1 },
    sized(0, 2),
  ],
  ['two readers and a writer', { r: shared, q: shared, w: alone }, one, sized(1, 3)],
  ['two readers and a writer, one killed', { r: shared, q: shared, w: alone }, { ...one, kills: 1 }, sized(0, 1)],
  ['two writers and a reader', { r: shared, w: alone, w2: alone }, one, sized(1, 2)],
  [
    'a reader and a writer, a slot that is left and not counted',
    { r: shared, w: alone },
    { slots: ['s', 0, 1] },
    sized(2, 4),
  ],
  ['a reader beside a removal', { r: shared, w: removing }, one, sized(1, 3)],
  ['a reader and a writer that cannot see each other, one tick', { r: shared, w: alone }, oneBoot, sized(1, 3)],
  ['three holders of two slots', { ...two, c: holding(2) }, { slots: ['n', 2], most: 2 }, sized(1, 2)],
  [
    'three holders of two slots, one killed',
    { ...two, c: holding(2) },
    { slots: ['n', 2], most: 2, kills: 1 },
    sized(0, 1),
  ],
  ['two holders and a writer', { ...two, w: alone }, { slots: ['n', 2], most: 2 }, sized(1, 2)],
] as const)
  explored(`explored: ${what}: a writer is alone, and of others not too many are in`, () => {
    together = 0
    // Without preemptions, only what is killed, stopped or lied to is in the way of others.
    const collided = preemptions > 0 ? undefined : () => true
    prove(what, sharing(cast, world as Sharing), { ...long, preemptions }, collided)
    note(`${together} endings in which some were in together`)
  })

for (const [what, cast, world] of [
  ['it looks at the readers, and takes no slot', { r: shared, w: lookAtReaders }, one],
  ['it looks at the gate before it looks at the slot', { r: gateFirst, w: removing }, one],
  ['it bears a slot that is not counted', { r: bearUncounted, w: alone }, oneBoot],
] as const)
  explored(`the same worlds catch: ${what}`, () => {
    caught(what, /was in together with/, sharing(cast, world as Sharing), { ...long, preemptions: 3 })
  })

/** Two players want the same two locks, in the two orders. */
const both = (take: (paths: readonly [string, string]) => ReturnType<Take>, more: Partial<World> = {}): World => ({
  ...more,
  setup: layPresence,
  players: dir => ({
    w1: visit(dir, 'w1', () => take([`${dir}/a`, `${dir}/b`])),
    w2: visit(dir, 'w2', () => take([`${dir}/b`, `${dir}/a`])),
  }),
  check: ending => {
    nobodyThrew(ending)
    assertAlone(ending)
  },
})

for (const kills of [0, 1])
  explored(
    `explored: two that want two locks in both orders, ${kills} killed: both get both, one after the other`,
    () => {
      const preemptions = sized(1 - kills, 2)
      const collided = preemptions > 0 ? undefined : () => true
      prove(`two paths, ${kills} killed`, both(lock.steps, { kills }), { ...long, preemptions }, collided)
    },
  )

explored('the same world catches: one lock is held while the other is waited for', () => {
  caught('one after the other', /waits for ever/, both(oneAfterTheOther), { ...long, preemptions: 3 })
})
