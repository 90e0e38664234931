import { dual } from '../core/dual.js'
import { asNumber, type Patience, refusal } from '../core/input.js'
import { checkNames } from '../core/option-names.js'
import { LatePlace } from '../core/queue.js'
import type { Backing } from './backing.js'
import { asCodec, type Codec } from './codec.js'
import type {
  CreateOptions,
  GetOptions,
  NewValue,
  RemoveOptions,
  Store,
  TouchOptions,
  UpdateOptions,
} from './contract.js'
import { type Inner, keepInner } from './inner.js'
import { newLife } from './life.js'
import { close } from './operations/close.js'
import { confirm } from './operations/confirm.js'
import { create } from './operations/create.js'
import { get } from './operations/get.js'
import { createMany, getMany } from './operations/many.js'
import { keysOf } from './operations/pages.js'
import { remove } from './operations/remove.js'
import { sweep } from './operations/sweep.js'
import { touch } from './operations/touch.js'
import { update } from './operations/update.js'

export interface StoreOptions<T> {
  /**
   * How values are spelled. `json` refuses what JSON would lose: undefined, functions, NaN, dates, cycles; `bytes` takes
   * instances of Uint8Array. @default 'json'
   */
  readonly codec?: Codec<T> | 'json' | 'bytes' | undefined
  /** The most bytes that an encoded value may have. @default 64 MiB */
  readonly maxValueBytes?: number | undefined
}

const optionNames: ReadonlySet<string> = new Set(['codec', 'maxValueBytes'] satisfies (keyof StoreOptions<unknown>)[])

export const openStore = <T = unknown>(backing: Backing, options: StoreOptions<T> = {}): Store<T> => {
  checkBacking(backing)
  checkNames(options, optionNames, 'options')
  return storeOver(innerFor(backing, options))
}

/** What is behind a new store on an engine. */
export const innerFor = <T>(backing: Backing, { codec, maxValueBytes }: StoreOptions<T>): Inner<T> => ({
  backing,
  codec: asCodec(codec),
  mostBytes: asNumber(maxValueBytes, 'options.maxValueBytes', 64 * 2 ** 20, 1),
  life: newLife(),
  reads: true,
  writes: true,
  isDue: () => false,
  note: () => {},
})

const calls = ['read', 'commit', 'list', 'changed', 'now'] as const

function checkBacking(backing: Backing): void {
  const isBacking = typeof backing === 'object' && calls.every(name => typeof backing?.[name] === 'function')
  if (!isBacking || typeof backing.claims?.self !== 'function')
    throw refusal('ERR_INVALID_ARG_TYPE', 'backing', `an object with ${calls.join(', ')} and claims`, backing)
}

/** The operations over what is behind a store: the text that is one for all engines and wrappers. */
export function storeOver<T>(inner: Inner<T>): Store<T> {
  const closing = dual(function* storeClose(_options: Patience = {}) {
    yield* close(inner)
  })
  const store: Store<T> = {
    get: dual(function storeGet(key: string, options: GetOptions = {}) {
      return get(inner, key, options)
    }),
    create: dual(function storeCreate(key: string, value: T, options: CreateOptions = {}) {
      return create(inner, key, value, options)
    }),
    update: updateOf(inner),
    remove: dual(function storeRemove(key: string, options: RemoveOptions = {}) {
      return remove(inner, key, options)
    }),
    touch: dual(function storeTouch(key: string, ttl: number, options: TouchOptions = {}) {
      return touch(inner, key, ttl, options)
    }),
    getMany: dual(function storeGetMany(keys: Iterable<string>, options: Patience = {}) {
      return getMany(inner, keys, options)
    }),
    createMany: dual(function storeCreateMany(values: Iterable<readonly [string, T]>, options: CreateOptions = {}) {
      return createMany(inner, values, options)
    }),
    sweep: dual(function storeSweep(options: Patience = {}) {
      return sweep(inner, options)
    }),
    confirm: dual(function storeConfirm(error: unknown, options: Patience = {}) {
      return confirm(inner, error, options)
    }),
    keys: keysOf(inner),
    close: closing,
    [Symbol.asyncDispose]: () => closing(),
  }
  keepInner(store, inner)
  return store
}

function updateOf<T>(inner: Inner<T>): Store<T>['update'] {
  const updating = dual(function* storeUpdate(
    key: string,
    value: NewValue<T>,
    options: UpdateOptions = {},
    // Only the promise form queues: a blocked thread has no other calls, and to an algorithm all callers are other
    // processes.
    place?: LatePlace,
  ) {
    try {
      return yield* update(inner, key, value, options, place)
    } finally {
      place?.leave()
    }
  })
  return Object.assign(
    (key: string, value: NewValue<T>, options?: UpdateOptions) => updating(key, value, options, new LatePlace()),
    { sync: updating.sync, steps: updating.steps },
  )
}
