// Another process removes a whole store, as `rm -rf` of a cache does, before any call of an operation: the operation goes on
// with a store that is empty.

import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { contentStore } from 'holdfast/content'
import { driveSync, type Steps } from 'holdfast/steps'
import { fileStore, getOrSet, limiter, type Store } from 'holdfast/store'
import { assert, holds, memory, note, scratch } from '../support/kit.js'
import { beforeEachCall, vanish } from '../support/vanishing.js'

const none = { durability: 'none', gc: 'manual' } as const
const long = 'x'.repeat(20_000)

interface Operation {
  /** What is there before. */
  readonly lay?: (dir: string) => void
  readonly run: (dir: string) => Steps<unknown>
  /** Has it come to what was asked for? It gets what was returned. */
  readonly isRight: (returned: never, dir: string) => boolean
}

const open = (dir: string): Store<string> => fileStore<string>(dir, none)
const layEntry = (dir: string): void => void open(dir).create.sync('k', 'old')
const small = { durability: 'none', maxBytes: 10, maxCount: 2 } as const
const layFull = (dir: string): void => {
  for (const bytes of ['one', 'two', 'three']) contentStore(dir, small).put.sync(bytes).lease.release.sync()
}
const isChanged = ({ ok }: { readonly ok: boolean }): boolean => typeof ok === 'boolean'
const isMade = ({ ok }: { readonly ok: boolean }): boolean => ok

const operations: Readonly<Record<string, Operation>> = {
  create: { run: dir => open(dir).create.steps('k', 'v'), isRight: isMade },
  'create, long': { run: dir => open(dir).create.steps('k', long), isRight: isMade },
  get: { lay: layEntry, run: dir => open(dir).get.steps('k'), isRight: () => true },
  update: { lay: layEntry, run: dir => open(dir).update.steps('k', 'v'), isRight: isChanged },
  'update, long': { lay: layEntry, run: dir => open(dir).update.steps('k', long), isRight: isChanged },
  remove: { lay: layEntry, run: dir => open(dir).remove.steps('k'), isRight: isChanged },
  getOrSet: {
    run: dir => getOrSet.steps(open(dir), 'k', () => 'v'),
    isRight: ({ value }: { readonly value: string }) => value === 'v',
  },
  sweep: { lay: layEntry, run: dir => open(dir).sweep.steps(), isRight: () => true },
  hit: {
    run: dir => limiter(fileStore(dir, none), { limit: 5, per: 1_000_000 }).hit.steps('k'),
    isRight: ({ allowed }: { readonly allowed: boolean }) => allowed,
  },
  put: {
    run: dir => contentStore(dir, { durability: 'none' }).put.steps('data'),
    isRight: ({ digest }: { readonly digest: string }) => digest.startsWith('sha256-3a6eb0790f39ac87c94f3856b2dd'),
  },
  'put that evicts': {
    lay: layFull,
    run: dir => contentStore(dir, small).put.steps('data'),
    isRight: ({ size }: { readonly size: number }) => size === 4,
  },
  evict: { lay: layFull, run: dir => contentStore(dir, small).evict.steps(), isRight: () => true },
  'put of what is there': {
    lay: dir => void contentStore(dir).put.sync('data').lease.release.sync(),
    run: dir => contentStore(dir, { durability: 'none' }).put.steps('data'),
    isRight: ({ size }: { readonly size: number }) => size === 4,
  },
}

for (const [name, { lay, run, isRight }] of Object.entries(operations))
  holds(`${name}: the store vanishes before any of its calls`, () => {
    const top = scratch(memory)
    const at = (k: number) => join(top, `${k}`, 'store')
    const calls = beforeEachCall(at, (door, k) => {
      mkdirSync(dirname(at(k)), { recursive: true })
      lay?.(at(k))
      const returned = driveSync(run(at(k)), { door, retryFor: 2_000 })
      assert.ok(isRight(returned as never, at(k)), JSON.stringify(returned))
    })
    note(`${name}: ${calls} calls`)
    assert.ok(calls > 1)
  })

holds('a store that was removed between two calls is made anew by the next one', async () => {
  const dir = join(scratch(), 'store')
  const store = open(dir)
  for (let turn = 0; turn < 3; turn++) {
    assert.is((await store.create('k', 'v')).ok, true)
    vanish(dir)
    // This thread has made that entry a moment ago.
    assert.is((await store.update('k', 'w')).ok, false)
    assert.is(store.get.sync('k'), undefined)
    assert.is((await store.create('k', 'v')).ok, true)
    assert.ok(existsSync(join(dir, 'holdfast.json')))
    vanish(dir)
  }
})

holds(
  'a content store that was removed has no blob, though its leases were not released, and takes it again',
  async () => {
    const dir = join(scratch(), 'store')
    const store = contentStore(dir, { durability: 'none' })
    for (let turn = 0; turn < 3; turn++) {
      const { digest, lease } = await store.put('data')
      vanish(dir)
      assert.is(await store.has(digest), false)
      assert.is(await store.read(digest).catch(() => undefined), undefined)
      const again = await store.put('data')
      assert.is(again.made, true)
      assert.ok(existsSync(join(dir, 'holdfast.json')))
      assert.equal(await store.read(digest), Buffer.from('data'))
      for (const one of [lease, again.lease]) await one.release()
    }
  },
)

holds('an eviction whose lock goes meanwhile is made to its end, and the put that made it succeeds', () => {
  for (const act of ['put', 'evict'] as const) {
    const top = scratch(memory)
    const at = (k: number) => join(top, `${k}`, 'store')
    const calls = beforeEachCall(
      k => join(at(k), 'evict.lock'),
      (door, k) => {
        mkdirSync(dirname(at(k)))
        layFull(at(k))
        const store = contentStore(at(k), small)
        const steps: Steps<unknown> = act === 'put' ? store.put.steps('data') : store.evict.steps()
        driveSync(steps, { door })
        assert.ok(readdirSync(join(at(k), 'blobs')).length > 0)
      },
    )
    assert.ok(calls > 20)
  }
})

holds('what comes piece by piece is stored whole, or not at all, though the store vanishes meanwhile', async () => {
  const pieces = ['one ', 'two ', 'three']
  for (let at = 0; at < pieces.length; at++) {
    const dir = join(scratch(), 'store')
    const store = contentStore(dir, { durability: 'none' })
    await (await store.put('something else')).lease.release()
    const source = async function* () {
      for (const [nth, piece] of pieces.entries()) {
        if (nth === at) vanish(dir)
        yield Buffer.from(piece)
      }
    }
    const put = await store.put(source()).catch(error => error as NodeJS.ErrnoException)
    if (put instanceof Error) assert.is(put.code, 'ENOENT')
    else assert.is(put.size, pieces.join('').length)
  }
})
