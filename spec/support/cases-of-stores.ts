// One call of each function of a store, of a limiter and of a content store, in the shape of ./cases.ts.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Patience } from 'holdfast'
import { type ContentStore, contentStore } from 'holdfast/content'
import { drive, driveSync, type Steps } from 'holdfast/steps'
import { fileStore, getOrSet, getOrSetMany, limiter, overwrite, type Store, storeLock } from 'holdfast/store'
import type { Case } from './cases.js'

const [before, after] = ['before', 'after']
const storeAt = (dir: string): Store<string> => fileStore<string>(join(dir, 'store'), { durability: 'none' })

interface Closing {
  readonly close: { sync(): void }
}

/** Opens a store for each call of a case; to close it is another matter. */
const casesOf =
  <S extends Closing>(openAt: (dir: string) => S) =>
  (
    name: string,
    use: (store: S, options: Patience, dir: string) => Steps<unknown>,
    state: (store: S, dir: string) => string,
    lay?: (store: S) => void,
  ): Case => {
    const inStore = <T>(dir: string, act: (store: S) => T): T => {
      const store = openAt(dir)
      const value = act(store)
      store.close.sync()
      return value
    }
    return {
      name,
      lay: dir => inStore(dir, store => lay?.(store)),
      call: (dir, _, options = {}) => drive(use(openAt(dir), options, dir), options),
      sync: (dir, _, options = {}) => driveSync(use(openAt(dir), options, dir), options),
      steps: dir => use(openAt(dir), {}, dir),
      state: dir => inStore(dir, store => state(store, dir)),
    }
  }

const storeCase = casesOf(storeAt)

function valueIn(store: Store<string>): string {
  const value = store.get.sync('k')?.value
  return value === before || value === undefined ? 'old' : value === after ? 'new' : value
}
const old = (store: Store<string>): void => void store.create.sync('k', before)

const digestOf = (bytes: string): string => `sha256-${createHash('sha256').update(bytes).digest('hex')}`
const text = (of: string): string => of.repeat(100)
const contentAt = (dir: string): ContentStore => contentStore(join(dir, 'content'), { durability: 'none' })

const contentCase = casesOf(contentAt)

/** A blob that is not there is one state, and a whole one the other. */
function blobIn(store: ContentStore, of: string): 'old' | 'new' | 'torn' {
  const bytes = store.read.sync(digestOf(text(of)))
  return bytes === undefined ? 'old' : bytes.toString() === text(of) ? 'new' : 'torn'
}
const isGone = (store: ContentStore): string => ({ old: 'new', new: 'old', torn: 'torn' })[blobIn(store, before)]
const lay = (store: ContentStore): void => void store.put.sync(text(before))
const limitsAt = (dir: string) => limiter(join(dir, 'limits'), { limit: 1e6, per: 3_600_000 })

function* lockAndRelease(store: Store<string>, options: Patience): Steps<void> {
  yield* storeLock.release(yield* storeLock.steps(store, 'k', options))
}

export const storeCases: readonly Case[] = [
  storeCase('store, create', (store, options) => store.create.steps('k', after, options), valueIn),
  storeCase('store, set', (store, options) => overwrite.steps(store, 'k', after, options), valueIn, old),
  storeCase('store, update', (store, options) => store.update.steps('k', () => after, options), valueIn, old),
  storeCase(
    'store, remove',
    (store, options) => store.remove.steps('k', options),
    store => (store.get.sync('k') === undefined ? 'new' : valueIn(store)),
    old,
  ),
  storeCase('getOrSet', (store, options) => getOrSet.steps(store, 'k', () => after, options), valueIn),
  storeCase(
    'getOrSetMany',
    (store, options) => getOrSetMany.steps(store, ['k'], () => new Map([['k', after]]), options),
    valueIn,
  ),
  storeCase('storeLock', lockAndRelease, () => 'new'),
  storeCase(
    'store, sweep',
    (store, options) => store.sweep.steps(options),
    () => 'new',
    old,
  ),
  {
    name: 'limiter, hit',
    call: (dir, _, options) => limitsAt(dir).hit('k', options),
    sync: (dir, _, options) => limitsAt(dir).hit.sync('k', options),
    steps: dir => limitsAt(dir).hit.steps('k'),
    state: dir => (limitsAt(dir).peek.sync('k').count > 0 ? 'new' : 'old'),
  },
  contentCase(
    'content, put',
    (store, options) => store.put.steps(text(after), options),
    store => blobIn(store, after),
    lay,
  ),
  contentCase(
    'content, checkout',
    (store, options, dir) => store.checkout.steps(digestOf(text(before)), join(dir, 'out'), options),
    (_, dir) =>
      existsSync(join(dir, 'out')) ? (readFileSync(join(dir, 'out'), 'utf8') === text(before) ? 'new' : 'torn') : 'old',
    lay,
  ),
  contentCase('content, remove', (store, options) => store.remove.steps(digestOf(text(before)), options), isGone, lay),
  contentCase(
    'content, verify',
    (store, options) => store.verify.steps(options),
    () => 'new',
    lay,
  ),
]
