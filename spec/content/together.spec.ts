// Puts of one store object that are under way at the same time: one swap of the shared cell reserves for several of them.

import { createHash } from 'node:crypto'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cell } from 'holdfast'
import { type ContentStore, contentStore } from 'holdfast/content'
import { type Door, door, drive } from 'holdfast/steps'
import { assert, holds, scratch } from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'

/** Windows has another separator. */
const inUsage = /[\\/]usage[\\/]/

const once = (work: () => void) => {
  let isDone = false
  return () => {
    if (!isDone) work()
    isDone = true
  }
}

const limited = { durability: 'none', maxBytes: 1e9 } as const

holds(
  'puts that are under way at the same time reserve together: no swap is in vain, and nothing is forgotten',
  async () => {
    const root = join(scratch(), 'store')
    const store = contentStore(root, limited)
    await store.put('the first one makes the cell')
    const swaps = { all: 0, vain: 0 }
    const counting: Door = {
      ...door,
      perform(call, done) {
        const isSwap = call.op === 'rename' && inUsage.test(`${call.args[0]}`)
        return door.perform(call, (error, value) => {
          if (isSwap) swaps.all++
          if (isSwap && error) swaps.vain++
          done(error, value)
        })
      },
    }
    const all = Array.from({ length: 50 }, (_, nth) => `blob ${nth}`)
    await Promise.all(all.map(data => drive(store.put.steps(data), { door: counting })))
    assert.is(swaps.vain, 0)
    assert.ok(swaps.all > 0 && swaps.all <= all.length, `${swaps.all} swaps`)
    const [, count] = cell.read.sync(join(root, 'usage'))?.fields ?? []
    assert.is(Number.parseInt(`${count}`, 36), all.length + 1)
    await store.close()
  },
)

holds('a put that is aborted while it waits to reserve keeps no other one from it', async () => {
  const store = contentStore(join(scratch(), 'store'), limited)
  await store.put('the first one makes the cell')
  const stopping = new AbortController()
  let swaps = 0
  const slow: Door = {
    ...door,
    perform(call, done) {
      if (call.op !== 'rename' || !inUsage.test(`${call.args[0]}`)) return door.perform(call, done)
      if (swaps++ === 0) stopping.abort()
      return door.perform({ op: 'sleep', args: [20] }, () => void door.perform(call, done))
    },
  }
  const put = (data: string, signal?: AbortSignal) => drive(store.put.steps(data), { door: slow, signal })
  const results = await Promise.allSettled([put('a'), put('b', stopping.signal), put('c'), put('d')])
  assert.equal(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  await store.close()
})

holds('files that are checked out together wait for each other to reserve, and come to their end', async () => {
  const dir = scratch()
  const store = contentStore(join(dir, 'store'), limited)
  const { digest, lease } = await store.put('a program')
  await lease.release()
  const names = ['a', 'b', 'c', 'd'].map(name => join(dir, name))
  // Each may make the executable inode, of which there is none yet.
  const done = await store.checkoutMany(
    names.map(name => [digest, name]),
    { executable: true, timeout: 20_000 },
  )
  assert.equal(
    [...done],
    names.map(name => [name, 'linked'] as const),
  )
  for (const name of names) assert.is(statSync(name).mode & 0o777, isWindows ? 0o444 : 0o555)
  await store.close()
})

holds('a file that was made stays made when its blob goes before the others are', async () => {
  const dir = scratch()
  const store = contentStore(join(dir, 'store'), { durability: 'none' })
  const { digest, lease } = await store.put('a blob that goes')
  await lease.release()
  const [first, second] = [join(dir, 'first'), join(dir, 'second')]
  const shards = join(dir, 'store', 'blobs')
  const files = [
    [digest, first],
    [digest, second],
  ] as const
  const onProgress = () => rmSync(shards, { recursive: true })
  const done = await store.checkoutMany(files, { concurrency: 1, onProgress: once(onProgress) })
  assert.equal(done.get(first), 'linked')
  assert.is(done.get(second), undefined)
  assert.is(readFileSync(first, 'utf8'), 'a blob that goes')
  await store.close()
})

holds('a blob that comes while it is looked for is linked, and not copied first', async () => {
  const dir = scratch()
  const [store, other] = [1, 2].map(() => contentStore(join(dir, 'store'), { durability: 'none' })) as [
    ContentStore,
    ContentStore,
  ]
  const first = await store.put('makes the store')
  await first.lease.release()
  let looks = 0
  let copies = 0
  const late: Door = {
    ...door,
    perform(call, done) {
      if (call.op === 'clone' || (call.op === 'open' && call.args[1] === 'wx')) copies++
      const isLook = ['readdir', 'lstat'].includes(call.op) && `${call.args[0]}`.includes('blobs')
      if (!isLook || looks++ > 0) return door.perform(call, done)
      return door.perform(call, (error, value) => {
        other.put.sync('comes late')
        done(error, value)
      })
    },
  }
  const digest = `sha256-${createHash('sha256').update('comes late').digest('hex')}`
  const done = await drive(store.checkout.steps(digest, join(dir, 'file')), { door: late })
  assert.equal([done, copies], ['linked', 0])
  assert.ok(looks > 1)
  await Promise.all([store.close(), other.close()])
})
