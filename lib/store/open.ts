import { dual } from '../core/dual.js'
import { asNumber, type Patience, refusal } from '../core/input.js'
import { checkNames } from '../core/option-names.js'
import { LatePlace } from '../core/queue.js'
import type { Steps } from '../core/steps.js'
import { newLife } from '../parts/life.js'
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
import { type Inner, identitiesIn, keepInner } from './inner.js'
import { Ids } from './kept.js'
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

/**
 * Opens a store on an engine of your own: a `Backing` reads the state of a key, and replaces a state for a caller that saw
 * exactly that. All else is here, so it is the same on every engine.
 *
 * Holds afterwards: each change was made to exactly the entry that it was judged by, or refused, and then what is there is
 * returned. Of several calls that saw one entry one changes it. No version is used twice in the life of the store. What has
 * expired is absent for every call at once. What was deleted stays deleted: only `create` makes an entry.
 *
 * Not promised: what the engine does not keep. A transaction over several keys. An end to the millisecond: a call judges it
 * when it looks, so a change that looked before the end may be made just after it. That a value is still there when `get` has
 * returned it: `update` and `ifVersion` are for that.
 *
 * - `get(key)`: the entry; undefined if there is none; `gone: true` if it was deleted, and that is remembered. A failure is
 *   an error. `(await get(key))?.value` is right for all of them.
 * - `create(key, value, { ttl })`: refused if there is an entry, or a tombstone.
 * - `update(key, value)`: refused if there is no entry. A function gets the entry and returns the value, or a promise; it is
 *   called again if others change the entry meanwhile. `ifVersion`: only that version; then nothing is tried again.
 * - `remove(key, { tombstone })`, `touch(key, ttl)`: refused if there is no entry. A touch does not write the value again.
 *   A removal ends what another call makes for the key (`getOrSet`): that is not stored.
 * - `confirm(error)`: after `ERR_UNKNOWN_OUTCOME`, whether that change has been made.
 * - `sweep()`: removes what has expired, and what was left behind by processes that died.
 *
 * Channels of `node:diagnostics_channel`: `tracing:holdfast.storeGet:start` ... for each function, and `holdfast:bad-value`
 * for a value that an engine found damaged; it counts as absent.
 *
 * @param backing The engine. `storeContract` of `holdfast/testing` checks what it does.
 * @param options `codec`: how values are spelled; `maxValueBytes`.
 * @returns The store. Nothing is read before the first call.
 * @throws Of its calls: `ERR_CONFLICT` (others went on changing the entry for `retryFor`, or until `timeout`; `entry` is
 *   what is there); `ERR_UNKNOWN_OUTCOME` (`key`, `attempt`: a reply was lost, and a look did not show whether the change was
 *   made); `ERR_BAD_VALUE` (`key`, `version`, `cause`: the codec cannot read a value; `remove` and `update` by a value, with
 *   `ifVersion`, repair that); `ERR_STORE_CLOSED`; what the function of an update throws, unchanged; errors of the engine,
 *   unchanged. Bad input: `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`.
 *
 * @example
 * const store = openStore<Settings>(myBacking)
 * const { ok, entry } = await store.update('theme', ({ value }) => ({ ...value, dark: true }))
 *
 * Source of the protocol: compare-and-swap by a state that is never used twice, as Deno KV's versionstamps, and the ids by
 * which a call recognises its own change after a lost reply.
 */
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
  identityOf: identitiesIn(backing),
  note: () => {},
  ids: new Ids(),
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
  const updating = dual(function storeUpdate(
    key: string,
    value: NewValue<T>,
    options: UpdateOptions = {},
    // Only the promise form queues: a blocked thread has no other calls, and to an algorithm all callers are other
    // processes.
    place?: LatePlace,
  ) {
    const steps = update(inner, key, value, options, place)
    return place ? leaving(steps, place) : steps
  })
  return Object.assign(
    (key: string, value: NewValue<T>, options?: UpdateOptions) => updating(key, value, options, new LatePlace()),
    { sync: updating.sync, steps: updating.steps },
  )
}

function* leaving<R>(steps: Steps<R>, place: LatePlace): Steps<R> {
  try {
    return yield* steps
  } finally {
    place.leave()
  }
}
