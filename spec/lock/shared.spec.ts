// A lock that many share, or one has alone. Steps that are driven stand for other threads: those of this thread join.

import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { lock, sweep, updateFile, withLock } from 'holdfast'
import { drive, driveSync, release, type Steps } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { atOnce } from '../support/at-once.js'
import { assert, holds, scratch } from '../support/kit.js'
import { assertHeldByNamed, eventually, until } from '../support/left.js'
import { changeLock, stateOf } from '../support/locks.js'

const fresh = (): string => join(scratch(), 'x')

/** Another thread shares the lock. */
const other = (path: string) => drive(lock.shared.steps(path))

const isHeld = { code: 'ERR_LOCK_HELD' }

/** One that waits to have the lock alone holds the gate meanwhile. */
const isGateHeld = (path: string) => () => stateOf(path).fields[0] === 'h'

/** The names of locks beside each other. */
const locksAt = (path: string): string[] => readdirSync(join(path, '..')).filter(name => /\.lock/.test(name))

holds('many share a lock, and no one has it alone meanwhile; and the other way round', async () => {
  const path = fresh()
  const readers = [await lock.shared(path), await lock(path, { shared: true })]
  const others = [await other(path), driveSync(lock.shared.steps(path))]
  assert.is(await lock.try(path), undefined)
  assert.is(lock.try.sync(path), undefined)
  assert.is((await lock.holders(path)).length, 3)
  assert.is((await lock.holder(path))?.pid, process.pid)
  for (const lease of readers) await lease.release()
  assert.is(await lock.try(path), undefined)
  for (const hold of others) await drive(release(hold))
  const alone = await lock.try(path)
  assert.ok(alone)
  assert.is(await lock.shared.try(path), undefined)
  assert.is(lock.shared.try.sync(path), undefined)
  assert.is((await lock.holders(path)).length, 1)
  await alone?.release()
  assert.is(await lock.holder(path), undefined)
})

holds('of readers that try a new lock at once, none fails', async () => {
  const path = fresh()
  const began = performance.now()
  const all = await Promise.all(Array.from({ length: 8 }, () => drive(lock.shared.try.steps(path))))
  // One that passes the gate is waited for, for a second: a disk may hang for longer.
  assert.ok(all.every(Boolean) || performance.now() - began >= 1_000)
})

holds('the fences of those that have it alone grow across readers', async () => {
  const path = fresh()
  const fences: number[] = []
  for (let i = 0; i < 4; i++) {
    fences.push(await withLock(path, ({ fence }) => fence))
    await withLock(path, () => {}, { shared: true })
  }
  assert.equal(
    fences,
    [...new Set(fences)].sort((a, b) => a - b),
  )
})

holds('one that waits for a lock alone comes before readers that come later', async () => {
  const path = fresh()
  const first = await other(path)
  const order: string[] = []
  const alone = withLock(path, () => void order.push('alone'))
  await until(isGateHeld(path))
  const later = other(path).then(hold => {
    order.push('reader')
    return hold
  })
  await wait(30)
  assert.equal(order, [])
  await drive(release(first))
  await alone
  await drive(release(await later))
  assert.equal(order, ['alone', 'reader'])
})

holds('the tasks of a thread have one slot together, until the last of them releases it', async () => {
  const path = fresh()
  const leases = await Promise.all(Array.from({ length: 3 }, () => lock.shared(path)))
  const more = [await lock.shared(path), lock.shared.sync(path), await lock.shared.try(path)]
  const slots = locksAt(path).length - 1
  assert.ok(slots <= 3)
  const before = (await lock.holders(path)).length
  for (const lease of [...leases, ...more]) {
    assert.ok((await lock.holders(path)).length > 0)
    await lease?.release()
    await lease?.release()
  }
  assert.ok(before <= slots)
  assert.equal(await lock.holders(path), [])
  assert.is(locksAt(path).length - 1, slots)
})

holds('a task does not join its thread while another call waits to have the lock alone', async () => {
  const path = fresh()
  const first = await lock.shared(path)
  const alone = drive(lock.steps(path))
  await until(isGateHeld(path))
  assert.is(await lock.shared.try(path), undefined)
  await first.release()
  await drive(release(await alone))
})

holds('inside the work of a shared lock, it is shared again at once, and had alone never', async () => {
  const path = fresh()
  // Whatever is called inside of the work is of that work.
  const begin = new AbortController()
  const alone = once(begin.signal, 'abort').then(() => drive(lock.steps(path)))
  await withLock(
    path,
    async () => {
      begin.abort()
      await until(isGateHeld(path))
      await withLock(path, () => withLock(path, () => {}, { shared: true }), { shared: true, timeout: 20_000 })
      await assert.rejects(lock(path), isHeld)
      assert.throws(() => lock.sync(path), isHeld)
    },
    { shared: true },
  )
  await drive(release(await alone))
  await withLock(path, () => assert.rejects(lock.shared(path), isHeld))
})

holds('the sync form shares again what its thread shares, and does not wait for itself', async () => {
  const path = fresh()
  const first = lock.shared.sync(path)
  const alone = drive(lock.steps(path))
  await until(isGateHeld(path))
  const second = lock.shared.sync(path)
  assert.throws(() => lock.sync(path), isHeld)
  assert.throws(() => driveSync(lock.shared.steps(path)), isHeld)
  first.release.sync()
  second.release.sync()
  const hold = await alone
  assert.throws(() => lock.shared.sync(path), isHeld)
  await drive(release(hold))
})

holds('who loses a slot has lost the lock', async () => {
  const path = fresh()
  await (await lock.shared(path)).release()
  const lease = await lock(path)
  const { signal } = lease
  rmSync(`${path}.lock.1`, { recursive: true })
  await assert.rejects(lease.renew(), { code: 'ERR_LEASE_LOST' })
  assert.ok(signal.aborted)
  assert.is(lease.state, 'lost')
  await assert.rejects(lease.release(), { code: 'ERR_LEASE_LOST' })
  await assert.rejects(lease.release(), { code: 'ERR_LEASE_LOST' })
  assert.is(stateOf(path).fields[0], 'f')
  const shared = await Promise.all([lock.shared(path), lock.shared(path)])
  for (const name of locksAt(path)) if (name !== 'x.lock') rmSync(join(path, '..', name), { recursive: true })
  for (const one of shared) {
    await assert.rejects(one.renew(), { code: 'ERR_LEASE_LOST' })
    await assert.rejects(one.release(), { code: 'ERR_LEASE_LOST' })
  }
})

holds(
  'who shares a lock whose gate something has removed is informed by the next heartbeat, and leaves its slot',
  async () => {
    for (const take of [lock.shared, (path: string) => lock(path, { holders: 2 })]) {
      const path = fresh()
      const lease = await take(path)
      await lease.renew()
      rmSync(`${path}.lock`, { recursive: true })
      await assert.rejects(lease.renew(), { code: 'ERR_LEASE_LOST', message: /its directory is gone/ })
      assert.ok(lease.signal.aborted)
      await assert.rejects(lease.release(), { code: 'ERR_LEASE_LOST' })
      const next = await take(path)
      await next.release()
      assert.equal(await lock.holders(path), [])
    }
  },
)

holds('a call that waits for readers makes heartbeats of what it has already', async () => {
  const path = fresh()
  const reader = await other(path)
  const alone = lock(path, { stale: 90, heartbeat: 30 })
  await until(isGateHeld(path))
  const beats = new Set<string>()
  await until(() => beats.add(stateOf(path).fields[4] ?? '').size > 2)
  await drive(release(reader))
  await (await alone).release()
})

holds('a call that stops to wait gives back the gate, and all slots', async () => {
  for (const how of ['timeout', 'signal']) {
    const path = fresh()
    const readers = [await other(path), await other(path)]
    await drive(release(readers[0] as (typeof readers)[0]))
    if (how === 'timeout') {
      const { holder } = await assertHeldByNamed(() => lock(path, { timeout: 500 }))
      assert.is(holder?.pid, process.pid)
    } else {
      const stop = new AbortController()
      const waiting = lock(path, { signal: stop.signal })
      await until(isGateHeld(path))
      stop.abort()
      await assert.rejects(waiting, { code: 'ABORT_ERR' })
    }
    await eventually(async () => {
      assert.is(stateOf(path).fields[0], 'f')
      assert.is((await lock.holders(path)).length, 1)
    })
    const third = await drive(lock.shared.try.steps(path))
    assert.ok(third)
    const alone = await lock.try(path)
    assert.is(alone, undefined)
  }
  const path = fresh()
  const alone = await lock(path)
  const { holder } = await assertHeldByNamed(() => lock.shared(path, { timeout: 50 }))
  assert.is(holder?.fence, alone.fence)
  await alone.release()
  await (await lock.shared(path, { timeout: 20_000 })).release()
})

holds('updateFile waits for those that share the lock of its file', async () => {
  const path = fresh()
  writeFileSync(path, 'a')
  const reader = await other(path)
  let isDone = false
  const update = updateFile(path, old => `${old}b`).then(() => {
    isDone = true
  })
  await wait(50)
  assert.not(isDone)
  await drive(release(reader))
  await update
})

holds('nothing is left of a shared lock if the last one that releases it asks for that, or a sweep', async () => {
  const path = fresh()
  const leases = [await lock.shared(path), await lock.shared(path)]
  const third = await other(path)
  for (const lease of leases) await lease.release({ remove: true })
  assert.ok(existsSync(`${path}.lock`))
  await drive(release(third, { remove: true }))
  assert.equal(readdirSync(join(path, '..')), [])
  const both = [await other(path), await other(path)]
  assert.equal(await sweep(join(path, '..'), { locks: true }), [])
  for (const hold of both) await drive(release(hold))
  await wait(30)
  assert.equal(await sweep(join(path, '..'), { locks: true, dryRun: true }), ['x.lock'])
  assert.equal(await sweep(join(path, '..'), { locks: true }), ['x.lock'])
  assert.equal(readdirSync(join(path, '..')), [])
  // A gate that something else has removed has left a slot.
  await drive(release(await other(path)))
  rmSync(`${path}.lock`, { recursive: true })
  await wait(30)
  assert.equal(await sweep(join(path, '..'), { locks: true }), ['x.lock.1'])
})

holds('the lock of another package is waited for, and keeps those that try to share it out at once', async () => {
  const path = fresh()
  mkdirSync(`${path}.lock`)
  for (const options of [{ shared: true }, { holders: 2 }])
    await atOnce(400, async () => assert.is(await lock.try(path, options), undefined))
  const shared = lock.shared(path)
  await wait(50)
  rmdirSync(`${path}.lock`)
  await (await shared).release()
})

holds('a lock whose name is as long as names may be is shared as well', async () => {
  for (const length of [245, 246, 248, 250]) {
    const path = join(scratch(), 'x'.repeat(length))
    const readers = [await other(path), await other(path)]
    assert.is(await lock.try(path), undefined)
    for (const hold of readers) await drive(release(hold))
    await (await lock(path)).release({ remove: true })
    assert.equal(readdirSync(join(path, '..')), [])
  }
})

holds('a field that a later version has put behind the slots is carried on', async () => {
  const path = fresh()
  await (await lock.shared(path)).release()
  changeLock(path, fields => [...fields, 'later'])
  await (await lock(path)).release()
  await Promise.all([other(path), other(path)])
  assert.ok(stateOf(path).fields.includes('later'))
  assert.ok(stateOf(path).fields.includes('s2'))
})

/** The calls to the disk that steps make. */
function callsOf<T>(steps: Steps<T>): { readonly value: T; readonly ops: readonly string[] } {
  const ops: string[] = []
  const value = driveSync(
    through(steps, call => {
      if (['readdir', 'lstat', 'rename', 'mkdir', 'open', 'unlink', 'stat'].includes(call.op)) ops.push(call.op)
      return call
    }),
  )
  return { value, ops }
}

holds(
  'a lock that was never shared takes as many calls as before; one that is shared takes two to look at the gate',
  () => {
    const path = fresh()
    driveSync(release(driveSync(lock.steps(path))))
    const plain = callsOf(lock.steps(path))
    assert.equal(plain.ops, ['readdir', 'lstat', 'rename'])
    assert.equal(callsOf(release(plain.value)).ops, ['rename'])
    driveSync(release(driveSync(lock.shared.steps(path))))
    const shared = callsOf(lock.shared.steps(path))
    assert.equal(shared.ops, ['readdir', 'lstat', 'readdir', 'lstat', 'rename'])
    assert.equal(callsOf(release(shared.value)).ops, ['rename'])
  },
)

holds('bad options are refused before anything is done', async () => {
  const path = fresh()
  const refused = [
    [{ shared: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ shared: true, holders: 2 }, 'ERR_INVALID_ARG_VALUE'],
    [{ holders: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ holders: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ holders: 1001 }, 'ERR_OUT_OF_RANGE'],
    [{ holders: '2' }, 'ERR_INVALID_ARG_TYPE'],
  ] as const
  for (const [options, code] of refused) {
    await assert.rejects(lock(path, options as never), { code })
    assert.throws(() => lock.try.sync(path, options as never), { code })
    await assert.rejects(
      withLock(path, () => {}, options as never),
      { code },
    )
  }
  await assert.rejects(lock.shared(path, 5 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => lock.shared.try.steps(path, null as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.equal(readdirSync(join(path, '..')), [])
})
