// Every schedule of `storeLock`: one holder at a time, fences that rise, and a holder that was robbed gets to know.

import { fs, type Steps } from 'holdfast/steps'
import { type StoreLockOptions, storeLock } from 'holdfast/store'
import type { Ending } from 'holdfast/testing'
import { cleaningUp } from '../../../lib/parts/cleanup.js'
import { takeOverByAge } from '../../broken/claims.js'
import {
  answers,
  assert,
  caught,
  explored,
  nobodyElseThrew,
  nobodyThrew,
  prove,
  proveLarge,
  sized,
} from '../../support/kit.js'
import { layOut, stateIn, stateNamed, storeOf } from '../../support/named-states.js'
import { deaf } from '../../support/stores.js'

const key = 'k'
/** Released by a holder whose fence was 5. */
const free = (dir: string) => {
  layOut(dir, { [key]: { id: 'a'.repeat(16), value: undefined as never, data: Buffer.from('{"lock":5}') } })
}
const absent = (dir: string) => layOut(dir, { [key]: {} })

type Change = Parameters<typeof storeOf>[1]

/** Holds the lock, makes a heartbeat, and releases it. Returns its fence, or that it was robbed. */
function* hold(dir: string, options: StoreLockOptions, change: Change): Steps<number | 'lost'> {
  const held = yield* storeLock.steps(storeOf(dir, change), key, options)
  try {
    yield* storeLock.renew(held)
    // A call that others see, so that what they do may come in between.
    yield* fs.stat(dir)
    yield* storeLock.release(held)
    return held.fence
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_LEASE_LOST') return 'lost'
    yield* cleaningUp(() => storeLock.release(held))
    throw error
  }
}

const holding =
  (names: string, options: StoreLockOptions = {}, change?: Change) =>
  (dir: string): Record<string, Steps<unknown>> =>
    Object.fromEntries([...names].map(who => [who, hold(dir, options, change)]))

/** Each takeover comes after the death of a holder, and has a greater fence. */
function neverTwo({ log, outcomes }: Ending): void {
  let [holder, last] = ['', 0]
  for (const { op, player, args, failed } of log) {
    if (op !== 'rename' || failed) continue
    const [from, to] = [stateNamed(args[0] as string), stateNamed(args[1] as string)]
    if (!to?.claim || to.claim.fence === from?.claim?.fence) continue
    assert.not.ok(from?.claim && outcomes[holder]?.how !== 'killed', `${player} has robbed ${holder}`)
    assert.ok(to.claim.fence > last, 'the fence does not rise')
    ;[holder, last] = [player, to.claim.fence]
  }
}

function allHeld(ending: Ending): void {
  nobodyThrew(ending)
  neverTwo(ending)
  assert.not.ok(answers(ending).includes('lost'))
  if (Object.values(ending.outcomes).every(({ how }) => how === 'returned'))
    assert.is(stateIn(ending.dir, key).kept?.claim, undefined)
}

explored('explore: two who hold a lock, a kill, and one more', () => {
  for (const setup of sized([free], [free, absent]))
    assert.ok(prove('2 hold, 1 kill', { setup, players: holding('AB'), kills: 1, check: allHeld }).complete)
  const three = { setup: free, players: holding('ABC'), kills: sized(0, 1), check: allHeld }
  proveLarge(`3 hold, ${three.kills} kills`, three, 1)
})

explored('explore: fences go on from the last one', () => {
  const check = (ending: Ending) => {
    allHeld(ending)
    assert.equal((answers(ending) as number[]).toSorted(), [6, 7])
  }
  assert.ok(prove('2 hold', { setup: free, players: holding('AB'), check }).complete)
})

explored('explore: on two machines, and the clock jumps: who is robbed gets to know, and fences rise', () => {
  let robbed = 0
  const check = (ending: Ending) => {
    nobodyThrew(ending)
    const said = answers(ending)
    assert.is(said.length, 2)
    robbed += said.filter(one => one === 'lost').length
    assert.ok(said.some(one => one !== 'lost'))
    assert.is(stateIn(ending.dir, key).kept?.claim, undefined)
  }
  const world = { setup: free, players: holding('AB', { lease: 500 }), strangers: true, ticks: 1, check } as const
  prove('2 strangers hold, 1 tick', world, { preemptions: 2 }, () => robbed > 0)
})

explored(
  'explore: a failure, an abort, or a lost reply at any call: the lock is free in the end, and nobody is robbed',
  () => {
    const check = (ending: Ending) => {
      nobodyElseThrew(ending)
      neverTwo(ending)
      // A release that has failed is tried again in the background, and no schedule waits for that.
      const isOpen = Object.values(ending.outcomes).some(({ how }) => how === 'threw')
      if (!isOpen) assert.is(stateIn(ending.dir, key).kept?.claim, undefined)
    }
    const world = { setup: free, players: holding('AB'), check }
    assert.ok(prove('2 hold, 1 failure', { ...world, failures: 1 }).complete)
    proveLarge('2 hold, 1 abort', { ...world, aborts: 1 }, 2)
    proveLarge('2 hold, 1 lost reply', { ...world, lies: 1 }, 2)
  },
)

explored('explore: a takeover without evidence is caught', () => {
  const world = { setup: free, players: holding('AB', {}, takeOverByAge), check: neverTwo }
  caught('a takeover by age', /has robbed/, world)
})

/** Holds the lock, and says when it began its heartbeat, if that was made. */
function* beating(dir: string, change?: Change): Steps<number | undefined> {
  const held = yield* storeLock.steps(storeOf(dir, change), key, { lease: 500 })
  const atMs = yield* fs.now()
  try {
    yield* storeLock.renew(held)
    yield* fs.stat(dir)
    yield* storeLock.release(held)
    return atMs
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_LEASE_LOST') return atMs
    throw error
  }
}

/** Takes the lock, and says when, and whether its holder counted as dead. */
function* waiting(dir: string): Steps<{ atMs: number; previous: string }> {
  const held = yield* storeLock.steps(storeOf(dir), key, { lease: 500 })
  const taken = { atMs: yield* fs.now(), previous: held.previous }
  try {
    yield* storeLock.release(held)
  } catch (error) {
    // The other one may rob this one as well.
    if ((error as { code?: string }).code !== 'ERR_LEASE_LOST') throw error
  }
  return taken
}

explored('explore: a heartbeat keeps the lock for a whole lease more, and a lost one does not', () => {
  let robbed = 0
  const world = (change?: Change) => ({
    setup: free,
    players: (dir: string) => ({ A: beating(dir, change), B: waiting(dir) }),
    strangers: true,
    ticks: 2,
    tick: 400,
    check: (ending: Ending) => {
      nobodyThrew(ending)
      const [beatMs, taken] = answers(ending) as [number, { atMs: number; previous: string }]
      if (taken.previous !== 'died') return
      robbed++
      // The heartbeat of A may come too late, but then A has not got that far.
      const isMade = ending.log.some(({ player, op, failed }, at, all) => {
        const earlier = all.slice(0, at).filter(one => one.player === 'A' && one.op === 'rename').length
        return player === 'A' && op === 'rename' && !failed && earlier > 0
      })
      if (isMade || change) assert.ok(taken.atMs - beatMs >= 500, `robbed ${taken.atMs - beatMs} ms after a heartbeat`)
    },
  })
  prove('1 holds, 1 waits, 2 ticks', world(), { preemptions: 2 }, () => robbed > 0)
  caught('lost heartbeats', /robbed \d+ ms after a heartbeat/, world(deaf), { preemptions: 3 })
})
