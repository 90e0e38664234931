// The connection to a server is cut at every request of each operation: before the request has gone on, when its reply
// is on the way back, or so that the request arrives late. Each operation is done once, or says that it does not know.

import { type Entry, type Gone, getOrSet, type Store, storeLock } from 'holdfast/store'
import type { Cut, CuttingProxy } from './cutting-proxy.js'
import { assert, note, sized } from './kit.js'

export type Strings = Store<string>

interface Operation {
  readonly name: string
  /** What is there before. */
  readonly before?: string
  readonly call: (store: Strings, key: string) => Promise<unknown>
  /** Does the key look as it does when the call was made, once? */
  readonly isDone: (store: Strings, key: string) => Promise<boolean>
  /** What holds when the call does not know. @default `confirm` finds out whether it was made */
  readonly afterUnknown?: (store: Strings, key: string) => Promise<unknown>
}

const shows = (look: (found: Entry<string> | Gone | undefined) => boolean) => async (store: Strings, key: string) =>
  look(await store.get(key))
const valueIs = (value: string | undefined) => shows(found => found?.value === value)
const hasEnd = (value: string) => shows(found => found?.value === value && found.expires !== undefined)

const made = async (change: ReturnType<Strings['touch']>): Promise<void> => assert.ok((await change).ok, 'refused')

const longMs = 600_000

const operations: readonly Operation[] = [
  { name: 'create', call: (store, key) => made(store.create(key, 'new')), isDone: valueIs('new') },
  {
    name: 'create, with an end',
    call: (store, key) => made(store.create(key, 'new', { ttl: longMs })),
    isDone: hasEnd('new'),
  },
  { name: 'update', before: 'old', call: (store, key) => made(store.update(key, 'new')), isDone: valueIs('new') },
  {
    name: 'update by a function',
    before: 'old',
    call: (store, key) => made(store.update(key, ({ value }) => `${value}+1`)),
    // A change that was made twice would show.
    isDone: async (store, key) => {
      const value = (await store.get(key))?.value ?? ''
      assert.ok(['old', 'old+1'].includes(value), value)
      return value === 'old+1'
    },
  },
  { name: 'touch', before: 'old', call: (store, key) => made(store.touch(key, longMs)), isDone: hasEnd('old') },
  { name: 'remove', before: 'old', call: (store, key) => made(store.remove(key)), isDone: valueIs(undefined) },
  {
    name: 'remove, remembered',
    before: 'old',
    call: (store, key) => made(store.remove(key, { tombstone: longMs })),
    isDone: shows(found => found?.gone === true),
  },
  {
    name: 'get',
    before: 'old',
    call: async (store, key) => assert.is((await store.get(key))?.value, 'old'),
    isDone: valueIs('old'),
  },
  {
    name: 'keys',
    before: 'old',
    call: async (store, key) => {
      const found: string[] = []
      for await (const one of store.keys({ prefix: key })) found.push(one)
      assert.equal(found, [key])
    },
    isDone: valueIs('old'),
  },
  {
    name: 'getOrSet',
    call: async (store, key) => assert.is((await getOrSet(store, key, () => 'new')).value, 'new'),
    isDone: valueIs('new'),
    // A claim that was made all the same is given back: the next call need not wait for this living process.
    afterUnknown: async (store, key) => {
      const { value } = await getOrSet(store, key, () => 'next')
      assert.ok(value === 'new' || value === 'next', value)
    },
  },
  {
    name: 'storeLock',
    call: async (store, key) => void (await (await storeLock(store, key)).release()),
    isDone: canBeLocked,
    afterUnknown: canBeLocked,
  },
]

async function canBeLocked(store: Strings, key: string): Promise<boolean> {
  await (await storeLock(store, key)).release()
  return true
}

/** Returns how it went; undefined: the operation has fewer requests. */
async function cutAt(
  at: number,
  how: Cut,
  operation: Operation,
  stores: CutStores,
): Promise<'made' | 'unknown' | undefined> {
  const { direct, cut, proxy } = stores
  const { name, before, call, isDone, afterUnknown } = operation
  const key = `${name}-${how}-${at}`
  if (before !== undefined) await direct.create(key, before)
  // The connection is there again.
  await cut.get(key)
  proxy.reset(at, how)
  const outcome = await call(cut, key).then(
    () => 'made' as const,
    (error: NodeJS.ErrnoException) => error,
  )
  const isReached = proxy.requests > at
  proxy.reset()
  if (!isReached) return undefined
  await proxy.arrived()
  const where = `${name}, ${how} ${at}`
  if (outcome === 'made') {
    assert.ok(await isDone(direct, key), `${where}: it is not so, though the call says it`)
    return 'made'
  }
  assert.is(outcome.code, 'ERR_UNKNOWN_OUTCOME', `${where}: ${outcome.stack}`)
  if (afterUnknown) await afterUnknown(direct, key)
  else assert.is(await cut.confirm(outcome), (await isDone(direct, key)) ? 'done' : 'not done', where)
  return 'unknown'
}

export interface CutStores {
  /** Past the proxy. */
  readonly direct: Strings
  /** Through it. */
  readonly cut: Strings
  readonly proxy: CuttingProxy
}

/** Each cut takes a connection, so `npm test` has some of them only. */
const someNames = ['create', 'update by a function', 'touch', 'remove', 'getOrSet']
const chosen = sized(
  operations.filter(({ name }) => someNames.includes(name)),
  operations,
)

/** Cuts at the first request of each operation, at the second, and so on, until there is none. */
export async function cutEverywhere(stores: CutStores, names?: readonly string[]): Promise<void> {
  const seen = { made: 0, unknown: 0 }
  for (const operation of names ? operations.filter(({ name }) => names.includes(name)) : chosen) {
    let cuts = 0
    for (const how of ['request', 'reply', 'late'] as const)
      for (let at = 0; ; at++) {
        const went = await cutAt(at, how, operation, stores)
        if (!went) break
        seen[went]++
        cuts++
      }
    assert.ok(cuts >= 3, `${operation.name} was not cut in each way`)
  }
  note(`${seen.made + seen.unknown} cuts, ${seen.unknown} of them with an unknown outcome`)
}
