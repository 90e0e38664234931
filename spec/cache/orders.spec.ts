// Every order in which loads, checks, `set`, `delete`, evictions and aborts of three callers may come, and the same with one
// of them between two reactions of promises. Each promise is seen to be broken where one thought is left out, and by caches
// that are written by hand.

import { getThenSet, lruFetch, mutants, opened, sharedPromise } from '../broken/caches.js'
import { CacheOrders, type CacheWorld, nothingSeen, type Seen } from '../support/cache-world.js'
import { assert, explored, sized } from '../support/kit.js'
import { caughtInOrder, proveOrders } from '../support/orders.js'

type Laid = Omit<CacheWorld, 'open'>

const checks = { expired: 1, fail: 1 }
const setMeanwhile: Laid = { callers: [['get!'], ['get'], ['set']], failures: 1 }
const deletedMeanwhile: Laid = { callers: [['get!'], ['get', 'get'], ['delete']] }
const setAndGone: Laid = { callers: [['use!'], ['use'], ['set', 'delete']] }
const setAndPushedOut: Laid = { callers: [['use!'], ['get'], ['set', 'evict']] }
const pushedOut: Laid = { callers: [['use!'], ['use'], ['evict']] }
const all: Laid = { callers: [['use!'], ['get'], ['set'], ['delete'], ['evict']] }
const checkedAndSet: Laid = { callers: [['use!'], ['use'], ['set']], isLaid: true, checks }
const checkedAndDeleted: Laid = { callers: [['use!'], ['use'], ['delete']], isLaid: true, checks }
const checkedAndPushedOut: Laid = { callers: [['use!'], ['get'], ['evict']], isLaid: true, checks }

const prove = async (world: Laid, hurries: number, collided: (seen: Seen) => boolean) => {
  const seen = nothingSeen()
  const begin = () => new CacheOrders({ ...world, open: opened }, seen)
  await proveOrders(`${hurries} early`, begin, { hurries }, () => seen.shared > 0 && collided(seen))
}

const wentFor =
  (...reasons: readonly string[]) =>
  ({ reasons: had }: Seen) => {
    assert.equal([...had].sort(), [...reasons].sort())
    return true
  }

explored('a value that is set while another is loaded is what all callers get, and it stays', async () => {
  await prove(setMeanwhile, 1, wentFor('closed', 'lost', 'replaced'))
})

explored('what is loaded when its key is deleted is never stored, and later callers get another', async () => {
  await prove(deletedMeanwhile, 1, wentFor('closed', 'deleted', 'lost'))
})

explored('neither is it stored when the value that was set meanwhile has left', async () => {
  await prove(setAndGone, sized(0, 1), wentFor('closed', 'deleted', 'lost', 'replaced'))
  await prove(setAndPushedOut, sized(0, 1), wentFor('capacity', 'closed', 'lost', 'replaced'))
})

explored(
  'a value that is in use is pushed out for all others, and disposed of when the last user has left',
  async () => {
    await prove(pushedOut, 1, wentFor('capacity', 'closed', 'lost'))
  },
)

explored('a check that fails changes nothing, and one that says no is followed by one load', async () => {
  for (const world of [checkedAndSet, checkedAndDeleted, checkedAndPushedOut])
    await prove(
      world,
      sized(0, 1),
      ({ reasons, sources }) => reasons.has('expired') && (world !== checkedAndPushedOut || sources.has('stale')),
    )
})

explored('all of it at once', async () => {
  await prove(all, sized(0, 1), wentFor('capacity', 'closed', 'deleted', 'lost', 'replaced'))
})

explored('onEvict may do with the cache what it likes', async () => {
  const checked = sized({ ...checkedAndSet, checks: { expired: 1, fail: 0 } }, checkedAndSet)
  for (const world of [setAndGone, deletedMeanwhile, pushedOut, checked])
    for (const inOnEvict of ['get', 'use', 'set', 'delete', 'evict'] as const)
      await prove({ ...world, inOnEvict }, 0, ({ reasons }) => reasons.size > 1)
})

type Mutant = keyof typeof mutants
const caughtBy: Record<Mutant, readonly [world: Laid, why: RegExp, hurries?: number]> = {
  'what is loaded is stored after a delete': [deletedMeanwhile, /is in the cache, and was deleted/],
  'callers join a load that is outdated': [deletedMeanwhile, /nothing is under way|was deleted before it asked/],
  'a set does not end the load': [setAndPushedOut, /in the cache over a newer one/],
  'a set rejects those who wait': [setMeanwhile, /a caller is rejected with "replaced"/],
  'each caller loads by itself': [setMeanwhile, /loaded once more/],
  'a verdict counts though the value has left': [checkedAndDeleted, /used after it was disposed of/],
  'onEvict is called in mid-change': [pushedOut, /in mid-change/],
  'the load is aborted when the first caller leaves': [setMeanwhile, /a caller waits, and nothing is under way/],
  'the load is never aborted': [setMeanwhile, /no caller waits for the load/],
  'a value in use is disposed of': [pushedOut, /disposed of while it is used/],
  'a value is held only when the caller goes on': [pushedOut, /used after it was disposed of/, 1],
  'the loser of a race is kept': [setMeanwhile, /disposed of 0 times/],
  'the loser of a race is disposed of twice': [setMeanwhile, /disposed of twice/],
}

for (const [mutant, [world, why, hurries = 0]] of Object.entries(caughtBy))
  explored(`it is noticed if ${mutant}`, async () => {
    const begin = () => new CacheOrders({ ...world, open: opened }, nothingSeen())
    await mutants[mutant as Mutant](() => caughtInOrder(mutant, why, begin, { hurries }))
  })

const byHand = {
  'a look, and then a set': getThenSet,
  'a promise that is shared': sharedPromise,
  'lru-cache, fetch': lruFetch,
}
const goesWrong = {
  'a look, and then a set': [/loaded once more/, /loaded once more/, /while it is used/],
  'a promise that is shared': [/over a newer one/, /and was deleted/, /while it is used/],
  'lru-cache, fetch': [/rejected with "replaced"/, /rejected with "deleted"/, /rejected with "evicted"/],
} satisfies Record<keyof typeof byHand, readonly RegExp[]>

for (const [name, open] of Object.entries(byHand))
  explored(`${name}: wrong when a value is set, deleted or pushed out meanwhile`, async () => {
    // Where it loads too often, that is seen first.
    const worlds = [setMeanwhile, deletedMeanwhile, name.startsWith('a look') ? checkedAndPushedOut : pushedOut]
    for (const [at, world] of worlds.entries()) {
      const begin = () => new CacheOrders({ ...world, open }, nothingSeen())
      await caughtInOrder(name, goesWrong[name as keyof typeof byHand][at] as RegExp, begin, {})
    }
  })
