// A hold that is ended by force: `lock.break`.

import { once } from 'node:events'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Lease, lock, sweep, within, withLock } from 'holdfast'
import { fs, hasCode, release, renew, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { heldFields } from '../../lib/lock/token.js'
import { assert, caught, explored, holds, nobodyThrew, prove, scratch, sized } from '../support/kit.js'
import { assertRefusesBadInput } from '../support/laws.js'
import { layLock } from '../support/locks.js'

const byForce = { code: 'ERR_LEASE_LOST', message: /it was broken \(lock\.break\)/ }
const refused = { code: 'ERR_LOCK_NOT_HELD' }
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

holds('the hold ends, its holder gets to know why, and the fence goes on', async () => {
  const path = join(scratch(), 'thing')
  for (const form of ['promise', 'sync'] as const) {
    const lease = await lock(path, { stale: 300 })
    const lost = once(lease.signal, 'abort')
    const waiting = lock(path)
    const { fence } = lease
    if (form === 'sync') lock.break.sync(path, { fence })
    else assert.is(await lock.break(path, { fence }), undefined)
    await lost
    assert.match(lease.signal.reason.message, /it was broken \(lock\.break\)/)
    await assert.rejects(lease.renew(), byForce)
    await assert.rejects(lease.release(), byForce)
    const next = await waiting
    assert.ok(next.fence > fence + 1)
    assert.is(next.previous, 'died')
    await next.release()
  }
  // Nothing of it is left behind.
  await withLock(path, () => {})
  await withLock(path, () => {})
  assert.equal(readdirSync(`${path}.lock`)[0]?.split('.').length, 8)
})

holds('the holder gets to know why, also if others have held the lock since; and the lock can be removed', async () => {
  const top = scratch()
  const path = join(top, 'thing')
  for (const end of ['held', 'released', 'removed'] as const) {
    const lease = await lock(path, { heartbeat: 10_000 })
    await lock.break(path, { fence: lease.fence })
    // In one thread, a call that waits does so until the holder knows it.
    const next = (await lock.try(path)) as Lease
    if (end !== 'held') await next.release({ remove: end === 'removed' })
    await assert.rejects(lease.release(), end === 'removed' ? { code: 'ERR_LEASE_LOST' } : byForce)
    if (end === 'held') await next.release()
  }
  assert.equal(readdirSync(top), [])
  const last = await lock(path)
  await lock.break(path, { fence: last.fence })
  assert.equal(await sweep(top, { locks: true }), ['thing.lock'])
  await assert.rejects(last.release(), { code: 'ERR_LEASE_LOST' })
})

holds('no other hold is ended, and the error says who has the lock', async () => {
  const path = join(scratch(), 'thing')
  await assert.rejects(lock.break(path, { fence: 1 }), { ...refused, message: /it is free/ })
  const lease = await lock(path)
  for (const fence of [lease.fence - 1, lease.fence + 1, 0]) {
    const error = (await assert.rejects(lock.break(path, { fence }), {
      ...refused,
      message: new RegExp(`process ${process.pid}.*fence ${lease.fence}`),
    })) as Error & { holder?: { pid?: number } }
    assert.is(error.holder?.pid, process.pid)
    assert.throws(() => lock.break.sync(path, { fence }), refused)
  }
  await lease.renew()
  await lease.release()
  await assert.rejects(lock.break(path, { fence: lease.fence }), refused)
  mkdirSync(join(path, '../other.lock'))
  await assert.rejects(lock.break(join(path, '../other'), { fence: 0 }), { ...refused, message: /another package/ })
})

holds('a holder elsewhere is ended, also one that would never count as dead; and one of those that share', async () => {
  const top = scratch()
  const path = join(top, 'thing')
  const owner = 'elsewhere-elsewhere-1-1-0-0-0'
  layLock(path, heldFields({ fence: 7, owner, id: '0123456789abcdef', staleMs: Number.POSITIVE_INFINITY }, 0))
  assert.is(await lock.try(path), undefined)
  await lock.break(path, { fence: 7 })
  const next = await lock.try(path)
  assert.ok((next?.fence ?? 0) > Date.now())
  await next?.release()
  const three = await Promise.all([1, 2, 3].map(() => lock(join(top, 'slots'), { holders: 3, heartbeat: 10_000 })))
  const [one, two] = three as [Lease, Lease]
  await lock.break(join(top, 'slots'), { fence: two.fence })
  await assert.rejects(two.renew(), byForce)
  await one.renew()
  await (await lock(join(top, 'slots'), { holders: 3, timeout: 5_000 })).release()
  for (const lease of three) if (lease !== two) await lease.release()
  // Who holds it alone holds all slots.
  const alone = await lock(join(top, 'slots'), { heartbeat: 10_000 })
  await lock.break(join(top, 'slots'), { fence: alone.fence })
  await (await lock(join(top, 'slots'), { holders: 3, timeout: 5_000 })).release()
  await assert.rejects(alone.renew(), { code: 'ERR_LEASE_LOST' })
})

holds('it goes by the place of the lock, and below a root', async () => {
  const top = scratch()
  const place = { lockDir: join(top, 'locks') }
  const lease = await lock(join(top, 'thing'), { ...place, parents: true, heartbeat: 10_000 })
  await assert.rejects(lock.break(join(top, 'thing'), { fence: lease.fence }), refused)
  await lock.break(join(top, 'thing'), { ...place, fence: lease.fence })
  await assert.rejects(lease.renew(), byForce)
  await using root = await within(top)
  const below = await root.lock('thing', { lockDir: 'locks', heartbeat: 10_000 })
  await root.lock.break('thing', { lockDir: 'locks', fence: below.fence })
  await assert.rejects(below.renew(), byForce)
})

holds('without a fence, or with a bad one, it is refused', async () => {
  const path = join(scratch(), 'thing')
  const rows = [
    [[path], 'ERR_INVALID_ARG_TYPE'],
    [[path, {}], 'ERR_INVALID_ARG_TYPE'],
    [[path, { fence: '1' }], 'ERR_INVALID_ARG_TYPE'],
    [[path, { fence: 1.5 }], 'ERR_INVALID_ARG_TYPE'],
    [[path, { fence: -1 }], 'ERR_OUT_OF_RANGE'],
  ] as const
  await assertRefusesBadInput(lock.break, join(path, '..'), rows as never)
})

// ---- Schedules ----

/** Holds the lock for as long as a heartbeat takes, and says how that ended. */
function* holding(dir: string): Steps<string> {
  const hold = yield* lock.steps(`${dir}/x`)
  yield* fs.mkdir(`${dir}/fences/${hold.fence}`)
  try {
    yield* renew(hold)
    yield* release(hold)
    return `released ${hold.fence}`
  } catch (error) {
    if (codeOf(error) !== 'ERR_LEASE_LOST') throw error
    return `${/it was broken/.test((error as Error).message) ? 'broken' : 'lost'} ${hold.fence}`
  }
}

function* breaking(dir: string, end = lock.break.steps): Steps<string> {
  const holder = yield* lock.holder.steps(`${dir}/x`)
  if (!holder) return 'free'
  try {
    yield* end(`${dir}/x`, { fence: holder.fence })
    return `ended ${holder.fence}`
  } catch (error) {
    if (codeOf(error) === 'ERR_LOCK_NOT_HELD') return 'refused'
    throw error
  }
}

function world(players: World['players'], budgets: Partial<World> = {}): World & { readonly ends: Set<string> } {
  const ends = new Set<string>()
  return {
    ...budgets,
    ends,
    setup: dir => mkdirSync(join(dir, 'fences')),
    players,
    check: ending => {
      nobodyThrew(ending)
      const said = Object.values(ending.outcomes).map(end => (end.how === 'returned' ? String(end.value) : end.how))
      for (const one of said) ends.add(one.split(' ')[0] as string)
      const of = (word: string) => said.flatMap(one => (one.startsWith(`${word} `) ? [one.split(' ')[1]] : []))
      const [ended, broken, released] = [of('ended'), of('broken'), of('released')]
      // Who was hit is the one that was meant; and who has released was not.
      for (const fence of broken) assert.ok(ended.includes(fence), said.join())
      for (const fence of ended) assert.not(released.includes(fence), said.join())
      assert.equal(of('lost'), [], said.join())
    },
  }
}

explored(
  'explored: a break beside a heartbeat, a release and a takeover: it hits the hold that is meant, or none',
  () => {
    const two = world(dir => ({ A: holding(dir), B: breaking(dir) }))
    const found = prove('1 holder, 1 break', two, {}, () => two.ends.has('broken') && two.ends.has('refused'))
    assert.ok(found.complete, [...two.ends].join())
    const three = world(dir => ({ A: holding(dir), B: breaking(dir), C: holding(dir) }))
    prove('2 holders, 1 break', three, { preemptions: sized(1, 2) }, () => three.ends.has('broken'))
  },
)

/** Ends whichever hold it finds when it comes to that. */
function* careless(path: string): Steps<void> {
  for (;;) {
    const [token = ''] = yield* fs.readdir(`${path}.lock`)
    if (!token.includes('.h.')) return
    try {
      yield* fs.unlink(`${path}.lock/${token}`)
      return
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
    }
  }
}

explored('the same world catches: whichever hold is there is ended, by the removal of its token', () => {
  const players = (dir: string) => ({ A: holding(dir), B: breaking(dir, careless as never), C: holding(dir) })
  caught('whichever is there', /lost|ended|EEXIST|ENOENT/, world(players), { preemptions: 2 })
})
