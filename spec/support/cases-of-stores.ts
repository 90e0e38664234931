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

/** Calls a function of a store that is opened for it; closing is another matter. */
function storeCase(
  name: string,
  use: (store: Store<string>, options: Patience) => Steps<unknown>,
  state: (store: Store<string>) => unknown,
  lay?: (store: Store<string>) => void,
): Case {
  return {
    name,
    lay(dir) {
      const store = storeAt(dir)
      lay?.(store)
      store.close.sync()
    },
    call: (dir, _, options = {}) => drive(use(storeAt(dir), options), options),
    sync: (dir, _, options = {}) => driveSync(use(storeAt(dir), options), options),
    steps: dir => use(storeAt(dir), {}),
    state(dir) {
      const store = storeAt(dir)
      const is = state(store)
      store.close.sync()
      return is === before || is === undefined ? 'old' : is === after ? 'new' : `${is}`
    },
  }
}

const valueIn = (store: Store<string>, key = 'k'): string | undefined => {
  const got = store.get.sync(key)
  return got && 'value' in got ? got.value : undefined
}
const old = (store: Store<string>): void => void store.create.sync('k', before)

const digestOf = (bytes: string): string => `sha256-${createHash('sha256').update(bytes).digest('hex')}`
const text = (of: string): string => of.repeat(100)
const contentAt = (dir: string): ContentStore => contentStore(join(dir, 'content'), { durability: 'none' })

function contentCase(
  name: string,
  use: (store: ContentStore, dir: string) => Steps<unknown>,
  state: (store: ContentStore, dir: string) => string,
  lay?: (store: ContentStore) => void,
): Case {
  return {
    name,
    lay(dir) {
      const store = contentAt(dir)
      lay?.(store)
      store.close.sync()
    },
    call: (dir, _, options = {}) => drive(use(contentAt(dir), dir), options),
    sync: (dir, _, options = {}) => driveSync(use(contentAt(dir), dir), options),
    steps: dir => use(contentAt(dir), dir),
    state(dir) {
      const store = contentAt(dir)
      const is = state(store, dir)
      store.close.sync()
      return is
    },
  }
}

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
    store => (valueIn(store) === undefined ? after : before),
    old,
  ),
  storeCase('getOrSet', (store, options) => getOrSet.steps(store, 'k', () => after, options), valueIn),
  storeCase(
    'getOrSetMany',
    (store, options) => getOrSetMany.steps(store, ['k'], () => new Map([['k', after]]), options),
    valueIn,
  ),
  storeCase('storeLock', lockAndRelease, () => after),
  storeCase(
    'store, sweep',
    (store, options) => store.sweep.steps(options),
    () => after,
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
    store => store.put.steps(text(after)),
    store => blobIn(store, after),
    lay,
  ),
  contentCase(
    'content, checkout',
    (store, dir) => store.checkout.steps(digestOf(text(before)), join(dir, 'out')),
    (_, dir) =>
      existsSync(join(dir, 'out')) ? (readFileSync(join(dir, 'out'), 'utf8') === text(before) ? 'new' : 'torn') : 'old',
    lay,
  ),
  contentCase('content, remove', store => store.remove.steps(digestOf(text(before))), isGone, lay),
  contentCase(
    'content, verify',
    store => store.verify.steps(),
    () => 'new',
    lay,
  ),
]
