// What the text of the store does beyond its contract: with claims, with states that move, with replies that are lost.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { driveSync, type Steps } from 'holdfast/steps'
import {
  type Backing,
  confirmCommit,
  type Draft,
  enabled,
  evict,
  getOrSet,
  type Kept,
  memoryStore,
  openStore,
  overwrite,
  removeMany,
  type Store,
  unknownOutcome,
} from 'holdfast/store'
import { holdFor, newLife } from '../../lib/parts/life.js'
import { innerOf } from '../../lib/store/inner.js'
import { draft } from '../../lib/store/kept.js'
import { memoryBacking } from '../../lib/store/memory.js'
import { storeOver } from '../../lib/store/open.js'
import { assert, holds } from '../support/kit.js'

const stateOf = (backing: Backing, key: string): Kept => driveSync(backing.read(key)) as Kept

/** Makes a claim on what is there, as `getOrSet` does. */
function claim(backing: Backing, key: string): Kept {
  const from = stateOf(backing, key) as Kept | undefined
  const made = driveSync(
    (function* (): Steps<Kept | 'removed' | 'moved'> {
      const owner = yield* backing.claims.self()
      const fence = (from?.lastFence ?? 0) + 1
      const next = yield* draft(from, {
        kind: from?.kind ?? 'none',
        ends: from?.endsAtMs === undefined ? undefined : { atMs: from.endsAtMs },
        data: from ? 'keep' : undefined,
        claim: { owner, fence, leaseMs: 1000 },
        ...(from && { version: from.version, staleMs: from.staleMs }),
      })
      return yield* backing.commit(key, from, next)
    })(),
  )
  return made as Kept
}

/** An engine whose commits go through a function. */
function meddling(
  meddle: (
    key: string,
    from: Kept | undefined,
    to: Draft | undefined,
    commit: () => Steps<Kept | 'removed' | 'moved'>,
  ) => Steps<Kept | 'removed' | 'moved'>,
): { backing: Backing; inner: Backing } {
  const inner = memoryBacking()
  const backing: Backing = {
    claims: inner.claims,
    read: key => inner.read(key),
    commit: (key, from, to) => meddle(key, from, to, () => inner.commit(key, from, to)),
    list: (prefix, cursor) => inner.list(prefix, cursor),
    changed: (key, ms) => inner.changed(key, ms),
    now: () => inner.now(),
  }
  return { backing, inner }
}

holds('a touch carries a claim on, and every other change drops it', async () => {
  const backing = memoryBacking()
  const store = openStore(backing)
  await store.create('k', 1)
  const claimed = claim(backing, 'k')
  assert.ok((await store.touch('k', 100_000)).ok)
  assert.equal(stateOf(backing, 'k').claim, claimed.claim)
  assert.equal((await store.get('k'))?.value, 1)
  assert.ok((await store.update('k', 2)).ok)
  assert.is(stateOf(backing, 'k').claim, undefined)
  assert.is(stateOf(backing, 'k').lastFence, 1)
  assert.is(claim(backing, 'k').claim?.fence, 2)
  assert.ok((await store.remove('k', { tombstone: 100_000 })).ok)
  assert.is(stateOf(backing, 'k').claim, undefined)
})

holds('a claim on nothing is no entry: create makes one, and remove ends what is being made', async () => {
  const backing = memoryBacking()
  const store = openStore(backing)
  claim(backing, 'k')
  assert.is(await store.get('k'), undefined)
  assert.equal([...store.keys()], [])
  assert.not((await store.update('k', 1)).ok)
  assert.equal(await store.remove('k', { ifVersion: 'another' }), { ok: false, entry: undefined })
  assert.ok(stateOf(backing, 'k').claim)
  assert.equal(await store.remove('k'), { ok: false, entry: undefined })
  assert.is(stateOf(backing, 'k'), undefined)
  claim(backing, 'k')
  assert.ok((await store.create('k', 1)).ok)
  assert.is(stateOf(backing, 'k').claim, undefined)
})

holds('remove drops a stale value as well, and a claim on a tombstone, which stays', async () => {
  let nowMs = 1000
  const backing = memoryBacking(() => nowMs)
  const store = openStore(backing)
  driveSync(
    (function* () {
      const next = yield* draft(undefined, { kind: 'live', ends: { inMs: 10 }, staleMs: 1000, data: Buffer.from('1') })
      yield* backing.commit('stale', undefined, next)
    })(),
  )
  await store.create('gone', 1)
  await store.remove('gone', { tombstone: 1000 })
  const { claim: made, version } = claim(backing, 'gone')
  assert.ok(made)
  nowMs += 20
  assert.equal(await store.remove('stale'), { ok: false, entry: undefined })
  assert.is(stateOf(backing, 'stale'), undefined)
  const gone = await store.get('gone')
  assert.equal((await store.remove('gone')).entry, gone)
  assert.is(stateOf(backing, 'gone').claim, undefined)
  assert.is(stateOf(backing, 'gone').version, version)
})

holds('where only the state has moved, and not the version, a change is tried again with what was made', async () => {
  let touches = 2
  const { backing, inner } = meddling(function* (key, from, _, commit) {
    if (from && touches-- > 0) {
      const { version, claim: carried } = from
      yield* inner.commit(
        key,
        from,
        yield* draft(from, { kind: 'live', version, claim: carried, ends: undefined, data: 'keep' }),
      )
    }
    return yield* commit()
  })
  const store = openStore<number>(backing)
  const { entry } = await store.create('k', 1)
  let calls = 0
  const change = await store.update('k', old => ++calls + old.value)
  assert.equal([change.ok, change.entry?.value, calls], [true, 2, 1])
  touches = 1
  assert.ok((await store.update('k', 5, { ifVersion: change.entry?.version as string })).ok)
  touches = 1
  assert.not((await store.remove('k', { ifVersion: entry?.version as string })).ok)
  touches = 1
  assert.ok((await store.remove('k')).ok)
})

holds('a thousand updates of one key at once, in one process, take their turns', async () => {
  let commits = 0
  const { backing } = meddling((_key, _from, _to, commit) => {
    commits++
    return commit()
  })
  const store = openStore<number>(backing)
  await store.create('k', 0)
  await Promise.all(Array.from({ length: 1000 }, () => store.update('k', ({ value }) => value + 1)))
  assert.is((await store.get('k'))?.value, 1000)
  assert.ok(commits < 2100, `${commits} commits`)
})

holds('an update that others beat says so when its time is over, with the time-out as the cause', async () => {
  const store = memoryStore<number>()
  await store.create('k', 0)
  let beaten = 0
  const beat = async () => {
    await store.update('k', ++beaten)
    return -1
  }
  const error = await assert.rejects(store.update('k', beat, { timeout: 30 }), { code: 'ERR_CONFLICT' })
  assert.is((error.cause as NodeJS.ErrnoException).code, 'ERR_TIMEOUT')
  assert.equal((error as Error & { entry?: unknown }).entry, await store.get('k'))
  const sync = () => {
    store.update.sync('k', ++beaten)
    return -1
  }
  assert.throws(() => store.update.sync('k', sync, { retryFor: 10 }), { code: 'ERR_CONFLICT' })
})

/** The reply of each commit is lost, after or before it was done. */
function losing(when: 'before' | 'after'): { store: Store<unknown>; inner: Backing } {
  const { backing, inner } = meddling(function* (key, from, to, commit) {
    if (when === 'after') yield* commit()
    throw unknownOutcome(key, from, to, new Error('the connection was cut'))
  })
  return { store: openStore(backing), inner }
}

holds('after a lost reply, confirm says whether the change was made', async () => {
  const { store, inner } = losing('after')
  const error = await assert.rejects(store.create('k', 1), { code: 'ERR_UNKNOWN_OUTCOME' })
  const { key, attempt } = error as Error & { key?: string; attempt?: string }
  assert.equal([key, attempt], ['k', (await store.get('k'))?.version])
  assert.is(await store.confirm(error), 'done')
  assert.ok((await openStore(inner).update('k', 2)).ok)
  assert.is(await store.confirm(error), 'done')

  const before = losing('before')
  const failed = await assert.rejects(before.store.create('k', 1), { code: 'ERR_UNKNOWN_OUTCOME' })
  assert.is(await before.store.confirm(failed), 'not done')
  // Another entry was made there: this one may have been before it.
  await openStore(before.inner).create('k', 2)
  assert.is(await assert.rejects(before.store.confirm(failed), { code: 'ERR_UNKNOWN_OUTCOME' }), failed)
  // Of the state that was to be replaced, another has come.
  const late = await assert.rejects(before.store.update('k', 3), { code: 'ERR_UNKNOWN_OUTCOME' })
  assert.is(await before.store.confirm(late), 'not done')
  await openStore(before.inner).update('k', 4)
  assert.is(await before.store.confirm(late), 'not done')
  const removal = await assert.rejects(before.store.remove('k'), { code: 'ERR_UNKNOWN_OUTCOME' })
  assert.is(await before.store.confirm(removal), 'not done')
  await openStore(before.inner).remove('k')
  assert.is(await assert.rejects(before.store.confirm(removal), { code: 'ERR_UNKNOWN_OUTCOME' }), removal)
})

holds('the look of an engine after a lost reply returns what the commit has come to, if that shows', () => {
  const cause = new Error('the connection was cut')
  const outcomeOf = (after: 'nothing' | 'ours' | 'ours and more' | 'another', remove = false) => {
    const backing = memoryBacking()
    const commit = (from: Kept | undefined, to?: Draft) => driveSync(backing.commit('k', from, to))
    const drafted = (from: Kept | undefined) =>
      driveSync(draft(from, { kind: 'live', ends: undefined, data: Buffer.from('1') }))
    const from = commit(undefined, drafted(undefined)) as Kept
    const to = remove ? undefined : drafted(from)
    if (after.startsWith('ours')) commit(from, to)
    if (after === 'ours and more') commit(stateOf(backing, 'k'), drafted(stateOf(backing, 'k')))
    if (after === 'another') commit(from, drafted(from))
    try {
      const result = driveSync(confirmCommit(backing, 'k', from, to, cause))
      return typeof result === 'string' ? result : result.id === to?.id && driveSync(result.data())
    } catch (error) {
      assert.is((error as Error).cause, cause)
      return (error as NodeJS.ErrnoException).code
    }
  }
  assert.equal(outcomeOf('ours'), Uint8Array.from(Buffer.from('1')))
  assert.is(outcomeOf('ours and more'), 'moved')
  assert.is(outcomeOf('another'), 'moved')
  // The request may be on its way yet.
  assert.is(outcomeOf('nothing'), 'ERR_UNKNOWN_OUTCOME')
  assert.is(outcomeOf('ours', true), 'ERR_UNKNOWN_OUTCOME')
  assert.is(outcomeOf('another', true), 'moved')
  const failing = { read: () => assert.unreachable() } as never
  assert.throws(() => driveSync(confirmCommit(failing, 'k', undefined, undefined, cause)), {
    code: 'ERR_UNKNOWN_OUTCOME',
  })
})

holds('a damaged value counts as absent, is published on a channel, and is replaced by create', async () => {
  const { backing, inner } = meddling((_key, _from, _to, commit) => commit())
  let isDamaged = true
  // biome-ignore lint/correctness/useYield: there is nothing to call
  const damaged = function* (): Steps<'damaged'> {
    return 'damaged'
  }
  backing.read = function* (key) {
    const kept = yield* inner.read(key)
    return kept && isDamaged ? { ...kept, data: damaged } : kept
  }
  const store = openStore(backing)
  const { version } = (await openStore(inner).create('k', 1)).entry as { version: string }
  const messages: unknown[] = []
  const hear = (message: unknown) => messages.push(message)
  subscribe('holdfast:bad-value', hear)
  assert.is(await store.get('k'), undefined)
  unsubscribe('holdfast:bad-value', hear)
  assert.equal(messages, [{ key: 'k', version }])
  assert.equal(await store.update('k', () => 2), { ok: false, entry: undefined })
  assert.equal(await store.touch('k', 1000), { ok: false, entry: undefined })
  assert.ok((await store.create('k', 3)).ok)
  isDamaged = false
  assert.is((await store.get('k'))?.value, 3)
})

holds(
  'close gives back what was taken through the store, whatever fails of that, and closes what is around it',
  async () => {
    const store = memoryStore()
    const inner = innerOf<unknown>(store)
    const wrapper = storeOver({ ...inner, life: newLife(inner.life) })
    const given: string[] = []
    const giveBack = (name: string, fails = false) =>
      // biome-ignore lint/correctness/useYield: there is nothing to call
      function* (): Steps<void> {
        given.push(name)
        if (fails) throw new Error(name)
      }
    holdFor(innerOf<unknown>(wrapper).life, giveBack('of the wrapper'))
    holdFor(inner.life, giveBack('fails', true))
    holdFor(inner.life, giveBack('of the store'))
    holdFor(inner.life, giveBack('left before'))()
    await wrapper.close()
    assert.equal(given, ['of the wrapper'])
    await assert.rejects(wrapper.get('k'), { code: 'ERR_STORE_CLOSED' })
    assert.is(await store.get('k'), undefined)
    const another = storeOver({ ...inner, life: newLife(inner.life) })
    holdFor(innerOf<unknown>(another).life, giveBack('of another'))
    await assert.rejects(store.close(), { message: /^fails$/ })
    assert.equal(given.slice(-3).sort(), ['fails', 'of another', 'of the store'])
    await assert.rejects(another.get('k'), { code: 'ERR_STORE_CLOSED' })
    await store.close()
  },
)

holds('sweep leaves claims of the living, and takes those of the dead', async () => {
  const inner = memoryBacking()
  let alive: boolean | undefined = true
  // biome-ignore lint/correctness/useYield: there is nothing to call
  const judge = function* (): Steps<boolean | undefined> {
    return alive
  }
  const backing: Backing = Object.assign(Object.create(inner), {
    claims: { self: inner.claims.self, alive: judge },
    read: inner.read.bind(inner),
    commit: inner.commit.bind(inner),
    list: inner.list.bind(inner),
    changed: inner.changed.bind(inner),
    now: inner.now.bind(inner),
  })
  const store = openStore(backing)
  claim(inner, 'k')
  for (alive of [true, undefined]) assert.is((await store.sweep()).debris, 0)
  alive = false
  assert.equal(await store.sweep(), { expired: 0, tombstones: 0, debris: 1 })
  assert.is(stateOf(inner, 'k'), undefined)
})

holds('memory drops what has expired bit by bit', async () => {
  let nowMs = 0
  const backing = memoryBacking(() => nowMs)
  const store = openStore(backing)
  for (let at = 0; at < 100; at++) await store.create(`old${at}`, at, { ttl: 10 })
  nowMs = 1000
  for (let at = 0; at < 100; at++) await store.create(`new${at}`, at)
  assert.is(driveSync(backing.list('old', undefined)).entries.length, 0)
  assert.is([...store.keys()].length, 100)
})

holds('overwrite stores a value whatever is there', async () => {
  const store = memoryStore<number>()
  assert.is((await overwrite(store, 'k', 1))?.value, 1)
  assert.is((await overwrite(store, 'k', 2, { ttl: 1000 }))?.value, 2)
  await store.remove('k', { tombstone: 1000 })
  assert.is(overwrite.sync(store, 'k', 3)?.expires, undefined)
  assert.is((await store.get('k'))?.value, 3)
  await Promise.all(Array.from({ length: 50 }, (_, at) => overwrite(store, 'k', at)))
  await assert.rejects(overwrite(store, '', 1), { code: 'ERR_INVALID_ARG_VALUE' })
  await assert.rejects(overwrite({} as Store<number>, 'k', 1), { code: 'ERR_INVALID_ARG_TYPE' })
})

holds('removeMany removes each key, and says what became of it', async () => {
  const store = memoryStore<number>()
  await store.createMany(Object.entries({ a: 1, b: 2, c: 3 }))
  const changes = await removeMany(store, ['c', 'none', 'a', 'c'], { tombstone: 1000 })
  assert.equal(
    [...changes].map(([key, { ok }]) => [key, ok]),
    [
      ['c', true],
      ['none', false],
      ['a', true],
    ],
  )
  assert.ok((await store.get('a'))?.gone)
  assert.equal([...store.keys()], ['b'])
  await assert.rejects(removeMany(store, ['b', '']), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.is((await store.get('b'))?.value, 2)
})

holds('evict removes first what expires first, and nothing that is claimed', async () => {
  const backing = memoryBacking()
  const store = openStore<number>(backing)
  await store.create('for ever', 0)
  for (let at = 1; at <= 5; at++) await store.create(`k${at}`, at, { ttl: 1000 * at })
  claim(backing, 'k1')
  await store.get('k2', { touch: 100_000 })
  assert.is(await evict(store, { maxCount: 10 }), 0)
  assert.is(await evict(store, { maxCount: 3 }), 2)
  assert.equal([...store.keys()].sort(), ['for ever', 'k1', 'k2', 'k5'])
  assert.is(await evict(store, { maxCount: 0 }), 3)
  await assert.rejects(evict(store), { code: 'ERR_INVALID_ARG_TYPE' })
})

holds('evict removes what was written too long ago, whenever it was touched, and then what is too much', async () => {
  let nowMs = 1000
  const backing = memoryBacking(() => nowMs)
  const store = openStore<number>(backing)
  for (const key of ['touched', 'claimed', 'updated', 'made anew', 'old']) await store.create(key, 0, { ttl: 10_000 })
  nowMs += 500
  claim(backing, 'claimed')
  await store.touch('touched', 20_000)
  await store.update('updated', 1)
  await getOrSet(store, 'made anew', () => 1, { refresh: true })
  await store.create('new', 1)
  assert.is(await evict(store, { maxAge: 500 }), 0)
  nowMs += 1
  assert.is(await evict(enabled(store, { writes: false }), { maxAge: 500 }), 0)
  assert.is(await evict(store, { maxAge: 500 }), 2)
  assert.equal([...store.keys()].sort(), ['claimed', 'made anew', 'new', 'updated'])
  await store.create('newer', 2)
  assert.is(evict.sync(store, { maxAge: 1, maxCount: 0 }), 4)
  assert.equal([...store.keys()], ['claimed'])
  await assert.rejects(evict(store, { maxAge: -1 }), { code: 'ERR_OUT_OF_RANGE' })
})

holds('each function has a tracing channel', async () => {
  const started: unknown[] = []
  const hear = (message: unknown) => started.push((message as { function: string }).function)
  const names = ['storeGet', 'storeCreate', 'storeUpdate', 'storeRemove', 'storeTouch']
  for (const name of names) subscribe(`tracing:holdfast.${name}:start`, hear)
  const store = memoryStore()
  await store.create('k', 1)
  await store.get('k')
  await store.update('k', 2)
  await store.touch('k', 1000)
  await store.remove('k')
  for (const name of names) unsubscribe(`tracing:holdfast.${name}:start`, hear)
  assert.equal(started, ['storeCreate', 'storeGet', 'storeUpdate', 'storeTouch', 'storeRemove'])
})

holds('what is no engine, and options that are unknown, are refused', () => {
  assert.throws(() => openStore({} as Backing), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => openStore(undefined as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => memoryStore({ codecs: 'json' } as object), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => memoryStore({ codec: 'yaml' as 'json' }), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => memoryStore({ maxValueBytes: 0 }), { code: 'ERR_OUT_OF_RANGE' })
  assert.throws(() => memoryStore().keys({ prefixes: 'a' } as object), { code: 'ERR_INVALID_ARG_VALUE' })
})

holds('bytes are kept as they are, and belong to the store alone', async () => {
  const store = memoryStore<Uint8Array>({ codec: 'bytes' })
  const passed = Buffer.from([0, 255, 128])
  await store.create('k', passed)
  passed[0] = 1
  const got = await store.get('k')
  assert.equal([...(got?.value ?? [])], [0, 255, 128])
  got?.value?.fill(2)
  assert.equal([...((await store.get('k'))?.value ?? [])], [0, 255, 128])
  assert.is((await store.update('k', new Uint8Array())).ok, true)
  assert.is((await store.get('k'))?.value?.length, 0)
  await assert.rejects(store.create('other', 'text' as never), { code: 'ERR_INVALID_ARG_TYPE' })
})
