// Lines about changes: what each may do, and what becomes of several at once.

import { deepStrictEqual, notStrictEqual, strictEqual } from 'node:assert/strict'
import { atOnce, fails, hasValue, isAbsent, line, made, present, refused, sleep } from './line.js'

/** How many callers come at once. */
const callers = 24

export const changes = [
  line('a key that never was is undefined', async store => {
    await isAbsent(store, 'k')
  }),
  line('create makes an entry, and get returns the same entry', async store => {
    const entry = made(await store.create('k', { n: 1 }))
    deepStrictEqual(entry.value, { n: 1 })
    strictEqual(entry.expires, undefined)
    deepStrictEqual(await store.get('k'), entry)
  }),
  line('create is refused where there is an entry, which stays, and is returned', async store => {
    const first = made(await store.create('k', 1))
    deepStrictEqual(refused(await store.create('k', 2)), first)
    deepStrictEqual(await store.get('k'), first)
  }),
  line('of many creates at once one makes the entry, and all others are given that', async store => {
    const results = await atOnce(callers, number => store.create('k', number))
    strictEqual(results.filter(({ ok }) => ok).length, 1)
    for (const { entry } of results) deepStrictEqual(entry, results.find(({ ok }) => ok)?.entry)
  }),
  line('update changes an entry, and gives it a new version', async store => {
    const first = made(await store.create('k', 1))
    const second = made(await store.update('k', 2))
    notStrictEqual(second.version, first.version)
    deepStrictEqual(await store.get('k'), second)
  }),
  line('update never makes an entry', async store => {
    strictEqual(refused(await store.update('k', 1)), undefined)
    strictEqual(refused(await store.update('k', () => 1)), undefined)
    await isAbsent(store, 'k')
  }),
  line('update hands the entry to a function, and stores what that returns or resolves to', async store => {
    const first = made(await store.create('k', 1))
    let given: unknown
    made(
      await store.update('k', old => {
        given = old
        return (old.value as number) + 1
      }),
    )
    deepStrictEqual(given, first)
    made(await store.update('k', async old => (old.value as number) + 1))
    await hasValue(store, 'k', 3)
  }),
  line('of many updates by functions at once none is lost', async store => {
    await store.create('k', 0)
    // All wait for each other, and on a busy machine a server takes its time.
    const patient = { retryFor: 60_000 }
    await atOnce(callers, () => store.update('k', old => (old.value as number) + 1, patient))
    await hasValue(store, 'k', callers)
  }),
  line('an update by a slow function does not undo a change that came meanwhile', async (store, { unit }) => {
    await store.create('k', [])
    const append = (name: string, ms: number) =>
      store.update('k', async old => {
        await sleep(ms)
        return [...(old.value as string[]), name]
      })
    const slow = append('slow', unit / 2)
    await append('quick', 0)
    made(await slow)
    deepStrictEqual([...(present(await store.get('k')).value as string[])].sort(), ['quick', 'slow'])
  }),
  line('update with ifVersion changes that version only, and otherwise returns what is there', async store => {
    const first = made(await store.create('k', 1))
    const second = made(await store.update('k', 2, { ifVersion: first.version }))
    deepStrictEqual(refused(await store.update('k', 3, { ifVersion: first.version })), second)
    deepStrictEqual(await store.get('k'), second)
  }),
  line('of many updates of one version at once one is made', async store => {
    const ifVersion = made(await store.create('k', 'first')).version
    const results = await atOnce(callers, number => store.update('k', number, { ifVersion }))
    strictEqual(results.filter(({ ok }) => ok).length, 1)
    deepStrictEqual(await store.get('k'), results.find(({ ok }) => ok)?.entry)
  }),
  line('what the function of an update throws comes out, and nothing is changed', async store => {
    const first = made(await store.create('k', 1))
    const own = Object.assign(new Error('own'), { code: 'OWN' })
    strictEqual(
      await fails(
        store.update('k', () => {
          throw own
        }),
        'OWN',
      ),
      own,
    )
    strictEqual(
      await fails(
        store.update('k', () => Promise.reject(own)),
        'OWN',
      ),
      own,
    )
    deepStrictEqual(await store.get('k'), first)
  }),
  line('remove takes an entry away, and is refused where there is none', async store => {
    await store.create('k', 1)
    deepStrictEqual(await store.remove('k'), { ok: true, entry: undefined })
    await isAbsent(store, 'k')
    strictEqual(refused(await store.remove('k')), undefined)
    made(await store.create('k', 2))
    await hasValue(store, 'k', 2)
  }),
  line('remove with ifVersion takes that version only, and otherwise returns what is there', async store => {
    const first = made(await store.create('k', 1))
    const second = made(await store.update('k', 2))
    deepStrictEqual(refused(await store.remove('k', { ifVersion: first.version })), second)
    deepStrictEqual(await store.get('k'), second)
    strictEqual((await store.remove('k', { ifVersion: second.version })).ok, true)
    await isAbsent(store, 'k')
  }),
  line('of many removals at once one is made', async store => {
    await store.create('k', 1)
    const results = await atOnce(callers, () => store.remove('k'))
    strictEqual(results.filter(({ ok }) => ok).length, 1)
  }),
  line('what is removed under an update stays removed', async store => {
    await store.create('k', 1)
    const change = await store.update('k', async old => {
      await store.remove('k')
      return old.value
    })
    strictEqual(refused(change), undefined)
    await isAbsent(store, 'k')
  }),
  line('what is removed and made anew under an update is another entry', async store => {
    const { version } = made(await store.create('k', 1))
    await store.remove('k')
    const second = made(await store.create('k', 1))
    notStrictEqual(second.version, version)
    deepStrictEqual(refused(await store.update('k', 2, { ifVersion: version })), second)
    deepStrictEqual(refused(await store.remove('k', { ifVersion: version })), second)
    deepStrictEqual(await store.get('k'), second)
  }),
  line('no version is used twice, though values come again', async store => {
    const seen: string[] = []
    for (let round = 0; round < 5; round++) {
      seen.push(made(await store.create('k', 'a')).version)
      for (const value of ['b', 'a', 'a']) seen.push(made(await store.update('k', value)).version)
      await store.remove('k')
    }
    strictEqual(new Set(seen).size, seen.length)
  }),
  line('an update that others always come before fails with ERR_CONFLICT and what is there', async store => {
    await store.create('k', 0)
    let beaten = 0
    const race = store.update(
      'k',
      async () => {
        await store.update('k', ++beaten)
        return -1
      },
      { retryFor: 20 },
    )
    const { key, entry } = await fails(race, 'ERR_CONFLICT')
    strictEqual(key, 'k')
    deepStrictEqual(entry, await store.get('k'))
    await hasValue(store, 'k', beaten)
  }),
]
