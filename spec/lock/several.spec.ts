// The locks of several paths in one call.

import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { lock, withLock } from 'holdfast'
import { drive, driveSync, release } from 'holdfast/steps'
import { assert, holds, scratch } from '../support/kit.js'
import { assertHeldByNamed, until } from '../support/left.js'
import { stateOf } from '../support/locks.js'

function fresh(): { dir: string; a: string; b: string; c: string } {
  const dir = scratch()
  return { dir, a: join(dir, 'a'), b: join(dir, 'b'), c: join(dir, 'c') }
}

const isFree = (path: string): boolean => stateOf(path).fields[0] === 'f'

holds('all locks are held together, and released together, in all forms', async () => {
  const { a, b, c } = fresh()
  const check = async (lease: Awaited<ReturnType<typeof lock>>) => {
    assert.is(lease.fences.length, 3)
    assert.is(lease.fence, lease.fences[0])
    for (const path of [a, b, c]) assert.is(await lock.try(path), undefined)
    assert.equal(await Promise.all([a, b, c].map(async path => (await lock.holder(path))?.fence)), [...lease.fences])
    await lease.release()
    assert.ok([a, b, c].every(isFree))
  }
  await check(await lock([a, pathToFileURL(b), c]))
  await check(lock.sync([a, b, c]))
  await check((await lock.try([a, b, c])) as never)
  await check(lock.try.sync([a, b, c]) as never)
  await withLock([a, b, c], async lease => {
    for (const path of [a, b]) await assert.rejects(lock(path), { code: 'ERR_LOCK_HELD' })
    assert.is(lease.fences.length, 3)
  })
  assert.ok([a, b, c].every(isFree))
  await drive(release(await drive(lock.steps([a, b]))))
  assert.equal((await lock(a)).fences.length, 1)
})

holds('while one of them is held, none of the others is', async () => {
  const { a, b, c } = fresh()
  for (const busy of [a, b, c]) {
    const hold = await drive(lock.steps(busy))
    assert.is(await lock.try([a, b, c]), undefined)
    let waits = 0
    const all = lock([a, b, c], { onWait: () => void waits++ })
    // It says so when it has given back what it had.
    await until(() => waits > 0)
    for (const path of [a, b, c].filter(one => one !== busy)) {
      const other = await lock.try(path)
      assert.ok(other)
      await other?.release()
    }
    await drive(release(hold))
    await (await all).release()
  }
})

holds('paths that lead to one lock, by whatever spelling or link, are locked once', async () => {
  const { dir, a, b } = fresh()
  mkdirSync(join(dir, 'real'))
  symlinkSync('real', join(dir, 'link'))
  const spellings = [join(dir, 'real/x'), join(dir, 'link/x'), `${dir}/real/../real/x`, a, a]
  for (const list of [spellings, [...spellings, b].reverse()]) {
    const lease = await lock(list, { timeout: 5000 })
    assert.is(new Set(lease.fences).size, list.includes(b) ? 3 : 2)
    await lease.release()
    await lease.release()
  }
  assert.ok([a, b, join(dir, 'real/x')].every(isFree))
  driveSync(release(driveSync(lock.steps([a, a]))))
})

holds('a call that fails, is aborted or times out gives all back', async () => {
  const { dir, a, b } = fresh()
  await assert.rejects(lock([a, join(dir, 'none/x')]), { code: 'ENOENT' })
  assert.ok(isFree(a))
  const hold = await drive(lock.steps(b))
  await assert.rejects(lock([a, b], { signal: AbortSignal.timeout(50) }), { code: 'ABORT_ERR' })
  await until(() => isFree(a))
  const error = await assertHeldByNamed(() => lock([a, b], { timeout: 50 }))
  assert.is((error as { path?: string }).path, b)
  await until(() => isFree(a))
  await drive(release(hold))
})

holds('if one lock is lost, the lease is; all others are released, and the loss is thrown', async () => {
  const { a, b, c } = fresh()
  const lease = await lock([a, b, c])
  const { signal } = lease
  rmSync(`${b}.lock`, { recursive: true })
  await assert.rejects(lease.renew(), { code: 'ERR_LEASE_LOST', message: /b \(fence/ })
  assert.ok(signal.aborted)
  assert.is(lease.state, 'lost')
  await assert.rejects(lease.release(), { code: 'ERR_LEASE_LOST' })
  assert.ok(isFree(a) && isFree(c))
})

holds('many tasks that want the same locks in other orders all get them', async () => {
  const { a, b, c } = fresh()
  const orders = [
    [a, b, c],
    [c, b, a],
    [b, a, c],
    [c, a],
    [b, c],
  ]
  let inside = 0
  const work = async (paths: readonly string[]) => {
    for (let i = 0; i < 5; i++) {
      const hold = await drive(lock.steps(paths))
      if (paths.length === 3) assert.is(++inside, 1)
      await wait(1)
      if (paths.length === 3) inside--
      await drive(release(hold))
    }
  }
  await Promise.all([...orders, ...orders].map(work))
})

holds('in a directory of locks, several are held and shared as elsewhere, and nothing is left', async () => {
  const { dir, a, b } = fresh()
  const lockDir = join(dir, 'locks')
  mkdirSync(lockDir)
  const both = await lock([a, b, a], { lockDir })
  assert.is(readdirSync(lockDir).length, 2)
  await both.release({ remove: true })
  const readers = [await drive(lock.shared.steps(a, { lockDir })), await drive(lock.shared.steps(a, { lockDir }))]
  assert.is(await lock.try([a, b], { lockDir }), undefined)
  assert.is((await lock.holders(a, { lockDir })).length, 2)
  for (const hold of readers) await drive(release(hold, { remove: true }))
  assert.equal(readdirSync(lockDir), [])
  const one = await lock(a, { lockPath: join(lockDir, 'this'), holders: 2 })
  assert.equal(readdirSync(lockDir).sort(), ['this', 'this.1'])
  await one.release({ remove: true })
  assert.equal(readdirSync(dir), ['locks'])
})

holds('what is published is published for each path, and all can be removed', async () => {
  const { dir, a, b } = fresh()
  const lease = await lock([a, b])
  await lease.publish({ port: 1 })
  for (const path of [a, b]) assert.equal((await lock.holder(path))?.data, { port: 1 })
  await lease.release({ remove: true })
  assert.equal(readdirSync(dir), [])
})

holds(
  'several paths may be shared, and have neither several holders nor one lockPath; an empty list is refused',
  async () => {
    const { dir, a, b } = fresh()
    const both = [await drive(lock.shared.steps([a, b])), await drive(lock.shared.steps([b, a, b]))]
    assert.is(await lock.try([a, b]), undefined)
    for (const hold of both) await drive(release(hold))
    await (await lock([a, b])).release()
    const { length } = readdirSync(dir)
    for (const options of [{ holders: 2 }, { lockPath: `${a}.lock` }])
      await assert.rejects(lock([a, b], options), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => lock.sync([]), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => lock.try.sync([a, 5 as never]), { code: 'ERR_INVALID_ARG_TYPE' })
    await assert.rejects(lock.holder([a, b] as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.is(readdirSync(dir).length, length)
  },
)
