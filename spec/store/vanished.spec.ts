// Another process removes a whole store, as `rm -rf` of a cache does, before any call of an operation: the operation goes on
// with a store that is empty.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { contentStore } from 'holdfast/content'
import { type Call, door, driveSync, type Steps } from 'holdfast/steps'
import { fileStore, getOrSet, limiter, type Store } from 'holdfast/store'
import { assert, holds, memory, note, scratch } from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'

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

/** All of it goes at once. Windows refuses that while a file in it is open. */
function removeAll(dir: string): void {
  const gone = `${dir}-gone`
  try {
    if (existsSync(dir)) renameSync(dir, gone)
    rmSync(gone, { recursive: true, force: true })
  } catch (error) {
    if (!isWindows) throw error
  }
}

/** Returns the k-th call, before which the store was removed; undefined if there are fewer. */
function vanishBefore(k: number, dir: string, { lay, run, isRight }: Operation): Call | undefined {
  mkdirSync(dirname(dir), { recursive: true })
  lay?.(dir)
  let calls = 0
  let met: Call | undefined
  const performSync: typeof door.performSync = call => {
    if (++calls === k) {
      met = call
      removeAll(dir)
    }
    return door.performSync(call)
  }
  const where = () => `before call ${k}, ${met?.op} ${met?.args[0]}`
  try {
    const returned = driveSync(run(dir), { door: { ...door, performSync }, retryFor: 2_000 })
    assert.ok(isRight(returned as never, dir), `${where()}: ${JSON.stringify(returned)}`)
  } catch (error) {
    assert.unreachable(`${where()}: ${error}`)
  }
  return met
}

for (const [name, operation] of Object.entries(operations))
  holds(`${name}: the store vanishes before any of its calls`, () => {
    const top = scratch(memory)
    let k = 1
    while (vanishBefore(k, join(top, `${k}`, 'store'), operation)) k++
    note(`${name}: ${k - 1} calls`)
    assert.ok(k > 2)
  })

holds('a store that was removed between two calls is made anew by the next one', async () => {
  const dir = join(scratch(), 'store')
  const store = open(dir)
  for (let turn = 0; turn < 3; turn++) {
    assert.is((await store.create('k', 'v')).ok, true)
    removeAll(dir)
    // This thread has made that entry a moment ago.
    assert.is((await store.update('k', 'w')).ok, false)
    assert.is(store.get.sync('k'), undefined)
    assert.is((await store.create('k', 'v')).ok, true)
    assert.ok(existsSync(join(dir, 'holdfast.json')))
    removeAll(dir)
  }
})

holds(
  'a content store that was removed has no blob, though its leases were not released, and takes it again',
  async () => {
    const dir = join(scratch(), 'store')
    const store = contentStore(dir, { durability: 'none' })
    for (let turn = 0; turn < 3; turn++) {
      const { digest, lease } = await store.put('data')
      removeAll(dir)
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
    for (let k = 1, calls = k; calls >= k; k++) {
      const dir = join(top, `${k}`, 'store')
      mkdirSync(dirname(dir))
      layFull(dir)
      const store = contentStore(dir, small)
      calls = 0
      const performSync: typeof door.performSync = call => {
        if (++calls === k) removeAll(join(dir, 'evict.lock'))
        return door.performSync(call)
      }
      const steps: Steps<unknown> = act === 'put' ? store.put.steps('data') : store.evict.steps()
      driveSync(steps, { door: { ...door, performSync } })
      assert.ok(readdirSync(join(dir, 'blobs')).length > 0)
    }
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
        if (nth === at) removeAll(dir)
        yield Buffer.from(piece)
      }
    }
    const put = await store.put(source()).catch(error => error as NodeJS.ErrnoException)
    if (put instanceof Error) assert.is(put.code, 'ENOENT')
    else assert.is(put.size, pieces.join('').length)
  }
})
