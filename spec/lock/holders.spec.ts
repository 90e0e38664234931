// A lock that so many may hold at the same time. Steps that are driven stand for other threads.

import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { inspect } from 'node:util'
import { lock, withLock } from 'holdfast'
import { drive, driveSync, release } from 'holdfast/steps'
import { assert, holds, scratch } from '../support/kit.js'
import { assertHeldByNamed, until } from '../support/left.js'
import { stateOf } from '../support/locks.js'

const fresh = (): string => join(scratch(), 'x')
const three = { holders: 3 }

/** One that waits for a slot, or for all of them, holds the gate meanwhile. */
/** A listing beside a rename may show neither name. */
const isGateHeld = (path: string) => () => stateOf(path)?.fields[0] === 'h'

holds(
  'so many hold the lock, each with a slot of its own, and one more waits for whichever is free first',
  async () => {
    for (const first of [0, 1, 2]) {
      const path = fresh()
      const leases = await Promise.all(Array.from({ length: 3 }, () => lock(path, three)))
      assert.equal(leases.map(({ slot }) => slot).sort(), [1, 2, 3])
      assert.is(await lock.try(path, three), undefined)
      assert.is(lock.try.sync(path, three), undefined)
      assert.is((await lock.holders(path)).length, 3)
      assert.match(inspect(leases[0]), /slot: [123]/)
      const [one] = leases.splice(first, 1)
      const fourth = lock(path, three)
      await until(isGateHeld(path))
      await one?.release()
      const next = await fourth
      assert.is(next.slot, one?.slot)
      assert.ok(next.fence > (one?.fence ?? 0))
      for (const lease of [...leases, next]) await lease.release()
      assert.equal(await lock.holders(path), [])
    }
  },
)

holds('a call that comes later does not pass the one that waits, whichever slot is free', async () => {
  for (const nth of [0, 1]) {
    const path = fresh()
    const take = () => drive(lock.steps(path, { holders: 2 }))
    const both = [await take(), await take()]
    const order: string[] = []
    const waits = take().then(hold => {
      order.push('first')
      return hold
    })
    await until(isGateHeld(path))
    const releases = drive(release(both[nth] as (typeof both)[0]))
    const later = take().then(hold => {
      order.push('later')
      return hold
    })
    await releases
    await drive(release(await waits))
    await drive(release(await later))
    await drive(release(both[1 - nth] as (typeof both)[0]))
    assert.equal(order, ['first', 'later'])
  }
})

holds('all agree on how many they are, until nobody holds the lock', async () => {
  const path = fresh()
  const lease = await lock(path, three)
  for (const options of [{ holders: 5 }, { shared: true }] as const) {
    const said = /held as `holders: 3`, and cannot be held as (`holders: 5`|shared) meanwhile/
    const error = await assert.rejects(lock(path, options), { code: 'ERR_LOCK_MISMATCH', message: said })
    assert.is((error as { holder?: { pid: number } }).holder?.pid, process.pid)
    assert.throws(() => lock.try.sync(path, options), { code: 'ERR_LOCK_MISMATCH' })
  }
  await lease.release()
  const five = await Promise.all(Array.from({ length: 5 }, () => lock(path, { holders: 5 })))
  assert.is(await lock.try(path, { holders: 5 }), undefined)
  await assert.rejects(lock(path, three), { code: 'ERR_LOCK_MISMATCH' })
  for (const one of five) await one.release()
  const shared = await lock.shared(path)
  await assert.rejects(lock(path, three), { code: 'ERR_LOCK_MISMATCH', message: /held as shared/ })
  await shared.release()
  await (await lock(path, three)).release()
  assert.ok(stateOf(path).fields.includes('n3'))
})

holds('one that has the lock alone waits for all holders, and they for that', async () => {
  const path = fresh()
  const lease = await lock(path, three)
  assert.is(await lock.try(path), undefined)
  const alone = lock(path)
  await until(isGateHeld(path))
  assert.is(await lock.try(path, three), undefined)
  await lease.release()
  const only = await alone
  assert.is(only.slot, undefined)
  const { holder } = await assertHeldByNamed(() => lock(path, { ...three, timeout: 30 }))
  assert.is(holder?.fence, only.fence)
  await only.release()
})

holds('the holder of all slots does not wait for itself; where others have some, it waits for those', async () => {
  const path = fresh()
  const two = { holders: 2 }
  await withLock(
    path,
    () =>
      withLock(
        path,
        async () => {
          await assert.rejects(lock(path, two), { code: 'ERR_LOCK_HELD' })
          assert.throws(() => lock.sync(path, two), { code: 'ERR_LOCK_HELD' })
        },
        two,
      ),
    two,
  )
  const hold = await drive(lock.steps(path, two))
  await withLock(
    path,
    async () => {
      const waiting = lock(path, two)
      await until(isGateHeld(path))
      await drive(release(hold))
      await (await waiting).release()
    },
    two,
  )
  const both = [driveSync(lock.steps(path, two)), driveSync(lock.steps(path, two))]
  assert.throws(() => lock.sync(path, two), { code: 'ERR_LOCK_HELD' })
  for (const one of both) await drive(release(one))
})

holds('inside the work of one hold, another one is waited for in turn, if others hold some', async () => {
  const path = fresh()
  const two = { holders: 2 }
  const hold = await drive(lock.steps(path, two))
  const begin = new AbortController()
  const before = once(begin.signal, 'abort').then(() => drive(lock.steps(path, two)))
  const nested = withLock(
    path,
    async () => {
      begin.abort()
      await until(isGateHeld(path))
      await (await lock(path, two)).release()
    },
    two,
  )
  await wait(80)
  await drive(release(hold))
  await drive(release(await before))
  await nested
})

holds('a holder that waits makes heartbeats, and one that stops waiting lets the next one look', async () => {
  const path = fresh()
  const one = { holders: 1 }
  const hold = await drive(lock.steps(path, one))
  const stop = new AbortController()
  const first = lock(path, { ...one, stale: 90, heartbeat: 30, signal: stop.signal })
  await until(isGateHeld(path))
  const second = lock(path, one)
  const beats = new Set<string>()
  await until(() => beats.add(stateOf(path).fields[4] ?? '').size > 2)
  stop.abort()
  await assert.rejects(first, { code: 'ABORT_ERR' })
  await drive(release(hold))
  await (await second).release()
})
