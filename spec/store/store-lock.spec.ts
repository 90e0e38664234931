// `storeLock` in one process: what a lease does, how it is lost, and what others see.

import { setTimeout as later } from 'node:timers/promises'
import { type Call, driveSync } from 'holdfast/steps'
import { fileStore, memoryStore, type Store, type StoreLockOptions, type StoreWaiting, storeLock } from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'
import { renew } from '../../lib/store/store-lock/hold.js'
import { StoreLease } from '../../lib/store/store-lock/lease.js'
import { through } from '../broken/interfere.js'
import { assert, holds, scratch } from '../support/kit.js'
import { until } from '../support/left.js'
import { deaf, elsewhere, failing } from '../support/stores.js'

const claimOn = <T>(store: Store<T>, key: string) => driveSync(innerOf<T>(store).backing.read(key))?.claim

holds('a lock has one holder at a time, and fences rise, also over releases', async () => {
  const store = memoryStore()
  const before = Date.now()
  const first = await storeLock(store, 'a')
  assert.equal([first.key, first.state, first.previous], ['a', 'held', 'none'])
  for (const atMs of [first.since, first.fence]) assert.ok(atMs >= before - 1000 && atMs <= Date.now())
  assert.is(await storeLock.try(store, 'a'), undefined)
  assert.is(storeLock.try.sync(store, 'a'), undefined)
  await first.renew()
  await first.release()
  await first.release()
  assert.is(first.state, 'released')
  const second = storeLock.sync(store, 'a')
  assert.equal([second.fence, second.previous], [first.fence + 1, 'released'])
  second.release.sync()
  {
    await using third = await storeLock(store, 'a')
    assert.is(third.fence, first.fence + 2)
    assert.equal((await store.get('a'))?.value, { lock: third.fence })
  }
  assert.is(claimOn(store, 'a'), undefined)
})

holds('fences rise also when the entry was removed', async () => {
  const store = memoryStore()
  const first = await storeLock(store, 'a')
  await first.release()
  await store.remove('a')
  await later(3)
  const next = await storeLock(store, 'a')
  assert.ok(next.fence > first.fence)
  await next.release()
})

holds('in one thread it is first come, first served', async () => {
  const store = memoryStore()
  const order: number[] = []
  const work = async (number: number) => {
    await using _ = await storeLock(store, 'a')
    order.push(number)
    await later(2)
    order.push(number)
  }
  await Promise.all([0, 1, 2, 3].map(work))
  assert.equal(order, [0, 0, 1, 1, 2, 2, 3, 3])
})

holds('timeout: an error that says who holds the lock', async () => {
  const store = memoryStore()
  const lease = await storeLock(elsewhere(store, 'other'), 'a', { label: 'deploy' })
  const error = await assert.rejects(storeLock(store, 'a', { timeout: 20 }), {
    code: 'ERR_LOCK_HELD',
    message: /"deploy"/,
  })
  const { holder, cause } = error as unknown as { holder: Record<string, unknown>; cause: { code: string } }
  assert.equal([holder.owner, holder.fence, holder.alive, holder.label], ['other', lease.fence, true, 'deploy'])
  assert.is(holder.since, lease.since)
  assert.is(cause.code, 'ERR_TIMEOUT')
  await lease.release()
  await (await storeLock(store, 'a', { timeout: 5_000 })).release()
})

holds('holder says who holds the lock, and nothing of a lock that is free', async () => {
  const store = memoryStore()
  assert.is(await storeLock.holder(store, 'a'), undefined)
  const lease = await storeLock(elsewhere(store, 'other'), 'a', { label: 'deploy' })
  const { owner, fence, since } = lease
  const holder = { owner, fence, alive: true, label: 'deploy', since }
  assert.equal(await storeLock.holder(store, 'a'), holder)
  assert.equal(storeLock.holder.sync(elsewhere(store, 'third'), 'a'), { ...holder, alive: undefined })
  await lease.release()
  assert.is(await storeLock.holder(store, 'a'), undefined)
  const unlabelled = await storeLock(store, 'a')
  const { label, since: unknown, alive } = storeLock.holder.sync(store, 'a') ?? {}
  assert.equal([label, unknown, alive], [undefined, undefined, true])
  await unlabelled.release()
})

holds('a call that is stopped while it waits takes nothing', async () => {
  const store = memoryStore()
  const lease = await storeLock(store, 'a')
  const stop = new AbortController()
  const waiting = storeLock(elsewhere(store, 'other'), 'a', { signal: stop.signal })
  await later(20)
  stop.abort()
  await assert.rejects(waiting, { code: 'ABORT_ERR' })
  await lease.release()
  await later(50)
  assert.is(claimOn(store, 'a'), undefined)
})

holds('the sync form does not wait for its own thread', async () => {
  const store = memoryStore()
  const lease = await storeLock(store, 'a')
  assert.throws(() => storeLock.sync(store, 'a'), { code: 'ERR_LOCK_HELD' })
  await lease.release()
})

holds('onWait is told who holds the lock, also in the queue of this thread', async () => {
  const store = memoryStore()
  const lease = await storeLock(store, 'a')
  const seen: StoreWaiting[] = []
  const options = { onWait: (waiting: StoreWaiting) => void seen.push(waiting) }
  const waiting = [storeLock(store, 'a', options), storeLock(elsewhere(store, 'other'), 'a', options)]
  await until(() => seen.length >= 2)
  assert.equal(
    seen.map(({ holder }) => holder.fence),
    [lease.fence, lease.fence],
  )
  await lease.release()
  await Promise.all(waiting.map(async next => (await next).release()))
  const stop = new Error('mine')
  await using _ = await storeLock(store, 'a')
  const onWait = () => {
    throw stop
  }
  assert.is(await storeLock(elsewhere(store, 'other'), 'a', { onWait }).catch(error => error), stop)
})

holds('heartbeats keep the lock where its holder cannot be judged', async () => {
  const store = memoryStore()
  const lease = await storeLock(elsewhere(store, 'one'), 'a', { lease: 1_000 })
  await assert.rejects(storeLock(elsewhere(store, 'two'), 'a', { timeout: 1_800 }), { code: 'ERR_LOCK_HELD' })
  assert.is(lease.state, 'held')
  assert.not(lease.signal.aborted)
  await lease.release()
})

holds('without heartbeats it is taken over after the lease, and the holder gets to know', async () => {
  const store = memoryStore()
  const lease = await storeLock(elsewhere(store, 'one', deaf), 'a', { lease: 60 })
  const { signal } = lease
  const next = await storeLock(elsewhere(store, 'two'), 'a', { timeout: 5_000 })
  assert.equal([next.fence, next.previous], [lease.fence + 1, 'died'])
  await assert.rejects(lease.renew(), { code: 'ERR_LEASE_LOST', message: /another holder has taken it over/ })
  assert.equal([lease.state, signal.aborted, signal.reason.code], ['lost', true, 'ERR_LEASE_LOST'])
  await assert.rejects(lease.release(), { code: 'ERR_LEASE_LOST' })
  await next.renew()
  await next.release()
})

holds('heartbeats find a loss by themselves', async () => {
  const store = memoryStore()
  const lease = await storeLock(store, 'a', { lease: 60 })
  const { signal } = lease
  await store.remove('a')
  await until(() => signal.aborted)
  assert.is(lease.state, 'lost')
})

holds('a holder that can make no heartbeats gets to know that before others may take over', async () => {
  const store = memoryStore()
  const flaky = failing(store, 'one')
  const lease = await storeLock(flaky.store, 'a', { lease: 90 })
  const { signal } = lease
  flaky.fails = true
  await until(() => signal.aborted)
  assert.is(signal.reason?.code, 'ERR_LEASE_STALE')
  flaky.fails = false
  await lease.release()
})

holds('a release that fails is tried again in the background', async () => {
  const store = memoryStore()
  const flaky = failing(store, 'one')
  const lease = await storeLock(flaky.store, 'a')
  flaky.fails = true
  assert.is(await lease.release().catch(error => error.message), 'the engine fails')
  assert.is(lease.state, 'releasing')
  await later(100)
  assert.ok(claimOn(store, 'a'))
  flaky.fails = false
  await until(() => lease.state === 'released')
  assert.is(claimOn(store, 'a'), undefined)
  await lease.release()
})

holds('a closed store releases its locks', async () => {
  const store = memoryStore()
  const other = elsewhere(store, 'other')
  const lease = await storeLock(other, 'a')
  await other.close()
  assert.equal([lease.state, claimOn(store, 'a')], ['released', undefined])
  await assert.rejects(storeLock(other, 'a'), { code: 'ERR_STORE_CLOSED' })
})

holds('an entry that is no lock is left alone', async () => {
  const store = memoryStore()
  await store.create('a', { mine: 1 })
  await assert.rejects(storeLock(store, 'a'), { code: 'ERR_NOT_A_LOCK' })
  await assert.rejects(storeLock.holder(store, 'a'), { code: 'ERR_NOT_A_LOCK' })
  assert.equal((await store.get('a'))?.value, { mine: 1 })
})

holds('it works on stores of any codec, and below a claim of getOrSet nothing is shared', async () => {
  const bytes = memoryStore<Uint8Array>({ codec: 'bytes' })
  const lease = await storeLock(bytes, 'a')
  assert.is(`${(await bytes.get('a'))?.value}`, `{"lock":${lease.fence}}`)
  await lease.release()
})

holds('bad input is refused', async () => {
  const store = memoryStore()
  const bad = async (code: string, store: unknown, key: unknown, options?: object) => {
    const args = [store as Store<unknown>, key as string, options as StoreLockOptions] as const
    assert.throws(() => storeLock.sync(...args), { code })
    await assert.rejects(storeLock(...args), { code })
    await assert.rejects(storeLock.try(...args), { code })
    if (!options) await assert.rejects(storeLock.holder(...args), { code })
  }
  await bad('ERR_INVALID_ARG_TYPE', {}, 'a')
  await bad('ERR_INVALID_ARG_VALUE', store, '')
  await bad('ERR_OUT_OF_RANGE', store, 'a', { lease: 0 })
  await bad('ERR_INVALID_ARG_VALUE', store, 'a', { label: '' })
  await bad('ERR_INVALID_ARG_TYPE', store, 'a', { onWait: 1 })
  await bad('ERR_INVALID_ARG_VALUE', store, 'a', { leese: 1 })
  assert.is(await store.get('a'), undefined)
})

holds('a renewal beside a heartbeat that finds the loss first reports it, too', async () => {
  const store = fileStore(scratch())
  const lease = await storeLock(store, 'a')
  await store.remove('a')
  const hold = StoreLease.holdOf(lease as StoreLease)
  let beside: unknown
  const see = (call: Call): Call => {
    beside ??= codeOf(() => driveSync(renew(hold)))
    return call
  }
  const own = codeOf(() => driveSync(through(renew(hold), see)))
  assert.equal([own, beside], ['ERR_LEASE_LOST', 'ERR_LEASE_LOST'])
})

function codeOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
  return 'none'
}
