// The laws of this package, for what makes claims: whichever call fails or is aborted, its own error comes out, or what was
// promised holds; and no claim is left that others would wait for.

import { driveSync } from 'holdfast/steps'
import { fileStore, type Got, getOrSet, getOrSetMany, type Store, type StoreHold, storeLock } from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'
import { abortedAt, failingAt } from '../broken/interfere.js'
import { assert, holds, scratch } from '../support/kit.js'
import { assertNothingLeftBehind, assertOriginalErrorComesOut, type Trial } from '../support/laws.js'

const storeIn = (dir: string): Store<string> => fileStore<string>(dir, { durability: 'none', gc: 'manual' })
const big = 'x'.repeat(100)

const absent: Trial<Parameters<typeof getOrSet<string>>, Got<unknown>> = {
  args: dir => [storeIn(dir), 'k', () => big],
  done: (dir, { value, source }) => {
    assert.is(value, big)
    if (source === 'made') assert.is(storeIn(dir).get.sync('k')?.value, big)
  },
}

const there: typeof absent = {
  setup: dir => void storeIn(dir).create.sync('k', 'old'),
  args: dir => [storeIn(dir), 'k', ({ previous }) => `${previous?.value} ${big}`, { refresh: true }],
  done: (dir, { value }) => assert.is(storeIn(dir).get.sync('k')?.value, value as string),
}

const many: Trial<Parameters<typeof getOrSetMany<string>>, Map<string, Got<unknown>>> = {
  setup: dir => void storeIn(dir).create.sync('a', 'old'),
  args: dir => [storeIn(dir), ['b', 'a'], missing => new Map(missing.map(key => [key, big])), { refresh: true }],
  done: (dir, got) => {
    for (const [key, { value }] of got) assert.is(storeIn(dir).get.sync(key)?.value, value as string)
  },
}

const taking: Trial<Parameters<typeof storeLock<string>>, StoreHold> = {
  args: dir => [storeIn(dir), 'k', { label: 'a holder that has a name' }],
}

const set = getOrSet as never
const setMany = getOrSetMany as never

holds('whichever call fails, that error comes out, or what was promised holds', async () => {
  for (const trial of [absent, there]) {
    const { threw, returned } = await assertOriginalErrorComesOut(set, trial)
    assert.ok(threw > 0 && returned > 0)
  }
  await assertOriginalErrorComesOut(setMany, many)
  await assertOriginalErrorComesOut(storeLock as never, taking)
})

holds('no private name and no descriptor is left, whatever fails or is aborted', async () => {
  for (const trial of [absent, there]) await assertNothingLeftBehind(set, trial)
  await assertNothingLeftBehind(setMany, many)
  await assertNothingLeftBehind(storeLock as never, taking)
})

holds('no claim is left, whatever fails or is aborted once', async () => {
  const cases = [
    ['k', set, absent],
    ['k', set, there],
    ['a', setMany, many],
    ['b', setMany, many],
    ['k', storeLock as never, taking],
  ] as const
  for (const [key, act, trial] of cases)
    for (const get of [failingAt, abortedAt])
      for (let k = 0; ; k++) {
        const dir = scratch()
        const { setup, args } = trial as Trial<unknown[]>
        setup?.(dir)
        const end = await get(k, (act as typeof getOrSet).steps(...(args(dir) as Parameters<typeof getOrSet>)))
        const { call } = end
        const claim = driveSync(innerOf<string>(storeIn(dir)).backing.read(key))?.claim
        const isHeld = act === (storeLock as never) && !('error' in end)
        assert.is(claim !== undefined, isHeld, `${get.name} ${k} ${call?.op}`)
        if (!call) break
      }
})
