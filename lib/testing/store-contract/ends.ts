// Lines about ends: of entries, and of tombstones.

import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { hasValue, isAbsent, line, made, present, refused, sleep, sleepUntil } from './line.js'

async function keysOf(keys: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const key of keys) all.push(key)
  return all.sort()
}

/** Asserts that a time is so long after a call that has returned just now. Clocks of two machines differ a little. */
function isAfter(at: number | undefined, began: number, ms: number, slack: number): void {
  const [least, most] = [began + ms - slack, Date.now() + ms + slack]
  ok(at !== undefined && at >= least && at <= most, `${at} is not between ${least} and ${most}`)
}

export const ends = [
  line('an entry ends after its ttl, and is absent for every operation then', async (store, { unit }) => {
    const began = Date.now()
    const { expires } = made(await store.create('k', 1, { ttl: 4 * unit }))
    isAfter(expires, began, 4 * unit, unit)
    const found = await store.get('k')
    // On a busy machine it may have ended by itself meanwhile.
    if (Date.now() < began + 3 * unit) strictEqual(present(found).value, 1)
    await sleepUntil(expires, unit)
    await isAbsent(store, 'k')
    strictEqual(refused(await store.update('k', 2)), undefined)
    strictEqual(refused(await store.update('k', () => 2)), undefined)
    strictEqual(refused(await store.touch('k', unit)), undefined)
    strictEqual(refused(await store.remove('k')), undefined)
    strictEqual((await store.getMany(['k'])).size, 0)
    deepStrictEqual(await keysOf(store.keys()), [])
  }),
  line('where an entry has expired, create makes another one', async (store, { unit }) => {
    const { expires, version } = made(await store.create('k', 1, { ttl: unit }))
    await sleepUntil(expires, unit)
    const second = made(await store.create('k', 2))
    ok(second.version !== version)
    strictEqual(second.expires, undefined)
    deepStrictEqual(refused(await store.update('k', 3, { ifVersion: version })), second)
  }),
  line('what ends while a change of it is under way has ended, and the change is refused', async (store, { unit }) => {
    const { expires } = made(await store.create('k', 1, { ttl: 4 * unit }))
    const late = async () => {
      await sleepUntil(expires, unit)
      return 2
    }
    strictEqual(refused(await store.update('k', late, { ttl: 100 * unit })), undefined)
    await isAbsent(store, 'k')
  }),
  line('update keeps the end of an entry, unless it is given another', async (store, { unit }) => {
    const { expires } = made(await store.create('k', 1, { ttl: 100 * unit }))
    strictEqual(made(await store.update('k', 2)).expires, expires)
    strictEqual(made(await store.update('k', () => 3, { ttl: 'keep' })).expires, expires)
    const later = made(await store.update('k', 4, { ttl: 200 * unit })).expires
    ok(later !== undefined && expires !== undefined && later > expires)
    strictEqual(made(await store.update('k', 5, { ttl: Number.POSITIVE_INFINITY })).expires, undefined)
  }),
  line('touch moves the end, and leaves value and version as they are', async (store, { unit }) => {
    const first = made(await store.create('k', { n: 1 }, { ttl: 4 * unit }))
    const second = made(await store.touch('k', 100 * unit))
    ok(second.expires !== undefined && first.expires !== undefined && second.expires > first.expires)
    deepStrictEqual({ ...second, expires: first.expires }, first)
    deepStrictEqual(await store.get('k'), second)
    await sleepUntil(first.expires, unit)
    deepStrictEqual(await store.get('k'), second)
    strictEqual(made(await store.touch('k', Number.POSITIVE_INFINITY)).expires, undefined)
  }),
  line(
    'an entry says when its value was written: an update is a new time, and a touch is not',
    async (store, { unit }) => {
      const began = Date.now()
      const first = made(await store.create('k', 1, { ttl: 100 * unit }))
      isAfter(first.written, began, 0, unit)
      deepStrictEqual(await store.get('k'), first)
      await sleep(unit / 4)
      for (const same of [await store.touch('k', 200 * unit), await store.touch('k', 300 * unit)])
        strictEqual(made(same).written, first.written)
      strictEqual(present(await store.get('k')).written, first.written)
      const second = made(await store.update('k', 2))
      ok(second.written > first.written, `${second.written} is not after ${first.written}`)
      deepStrictEqual(await store.get('k'), second)
    },
  ),
  line('touch is refused where there is no entry, or another version', async store => {
    strictEqual(refused(await store.touch('k', 100_000)), undefined)
    await isAbsent(store, 'k')
    const first = made(await store.create('k', 1))
    const second = made(await store.update('k', 2))
    deepStrictEqual(refused(await store.touch('k', 100_000, { ifVersion: first.version })), second)
    made(await store.touch('k', 100_000, { ifVersion: second.version }))
  }),
  line('a change of a version that was only touched meanwhile is made', async store => {
    const { version } = made(await store.create('k', 1))
    made(await store.touch('k', 100_000))
    made(await store.update('k', 2, { ifVersion: version }))
    await hasValue(store, 'k', 2)
  }),
  line('get with touch moves the end, unless that was done just now', async (store, { unit }) => {
    const first = made(await store.create('k', 1, { ttl: 50 * unit }))
    const second = present(await store.get('k', { touch: 100 * unit }))
    ok(second.expires !== undefined && first.expires !== undefined && second.expires > first.expires)
    strictEqual(second.version, first.version)
    await sleep(unit / 8)
    strictEqual(present(await store.get('k', { touch: 100 * unit })).expires, second.expires)
    strictEqual(present(await store.get('k')).expires, second.expires)
    await isAbsent(store, 'none')
    strictEqual(await store.get('none', { touch: unit }), undefined)
  }),
  line('a tombstone says that the key was deleted, and refuses changes', async (store, { unit }) => {
    const { version } = made(await store.create('k', 1))
    const began = Date.now()
    strictEqual((await store.remove('k', { tombstone: 100 * unit })).ok, true)
    const gone = await store.get('k')
    ok(gone?.gone && gone.value === undefined && gone.version !== version, JSON.stringify(gone))
    isAfter(gone.until, began, 100 * unit, unit)
    for (const change of [
      await store.create('k', 2),
      await store.update('k', 2),
      await store.update('k', () => 2),
      await store.touch('k', unit),
      await store.remove('k'),
    ])
      deepStrictEqual(refused(change), gone)
    deepStrictEqual(await store.get('k'), gone)
    deepStrictEqual([...(await store.getMany(['k']))], [])
    deepStrictEqual(await keysOf(store.keys()), [])
  }),
  line('after the end of a tombstone the key can be made anew', async (store, { unit }) => {
    await store.create('k', 1)
    await store.remove('k', { tombstone: unit })
    const gone = await store.get('k')
    await sleepUntil(gone?.gone ? gone.until : undefined, unit)
    await isAbsent(store, 'k')
    made(await store.create('k', 2))
    await hasValue(store, 'k', 2)
  }),
  line('sweep takes away what has ended, and nothing else', async (store, { unit }) => {
    const stays = made(await store.create('stays', 1, { ttl: 1000 * unit }))
    await store.create('ends', 1, { ttl: unit })
    await store.create('was', 1)
    await store.remove('was', { tombstone: unit })
    await store.create('remembered', 1)
    await store.remove('remembered', { tombstone: 1000 * unit })
    await sleep(2 * unit)
    const { expired, tombstones } = await store.sweep()
    // Some engines drop what has ended by themselves.
    ok(expired <= 1 && tombstones <= 1, JSON.stringify({ expired, tombstones }))
    deepStrictEqual(await store.get('stays'), stays)
    ok((await store.get('remembered'))?.gone)
    await isAbsent(store, 'ends')
    await isAbsent(store, 'was')
    const again = await store.sweep()
    deepStrictEqual([again.expired, again.tombstones], [0, 0])
  }),
]
