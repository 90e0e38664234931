// Stores as people usually write them, or as key-value packages have them: each does one thing otherwise than the contract
// says. `fails`: the lines of the contract that show it.

import { createHash } from 'node:crypto'
import { type Backing, type Codec, type Kept, openStore, type Store, type StoreOptions } from 'holdfast/store'
import { memoryBacking } from '../../lib/store/memory.js'

type Any = Store<unknown>
export type Open = (backing: Backing, options: StoreOptions<unknown>) => Any

export interface BrokenStore {
  readonly open: Open
  readonly fails: readonly RegExp[]
}

/** A good store in which some functions are replaced. They have the promise form only. */
const replacing =
  (replace: (store: Any) => Readonly<Record<string, unknown>>): Open =>
  (backing, options) => {
    const store = openStore(backing, options)
    return { ...store, ...replace(store) } as Any
  }

/** A good store on an engine in which some calls are replaced. */
const upon =
  (replace: (backing: Backing) => Partial<Backing>): Open =>
  (backing, options) => {
    const broken: Backing = Object.assign(Object.create(backing), replace(backing))
    for (const name of ['read', 'commit', 'list', 'changed', 'now'] as const)
      if (!Object.hasOwn(broken, name)) broken[name] = backing[name].bind(backing) as never
    return openStore(broken, options)
  }

/** A good store with other options. */
const having =
  (replace: (options: StoreOptions<unknown>) => StoreOptions<unknown>): Open =>
  (backing, options) =>
    openStore(backing, replace(options))

type Options = Record<string, unknown>
type Made = (old: unknown) => object

const newValue = async (value: unknown, old: unknown): Promise<object> =>
  typeof value === 'function' ? (value as Made)(old) : (value as object)

/** As `set` of a key-value package: last wins, made if absent. */
async function set(store: Any, key: string, value: unknown, { ttl = Number.POSITIVE_INFINITY }: Options = {}) {
  for (;;) {
    const changes = [
      await store.create(key, value, { ttl: ttl as number }),
      await store.update(key, value as object, { ttl: ttl as number }),
    ]
    const made = changes.find(({ ok }) => ok)
    if (made) return made
  }
}

/** Waits for one turn of the event loop, as every call of an engine with promises does. */
const turn = () => new Promise(resolve => setImmediate(resolve))

/** Looks whether there is an entry, and makes one. */
export const looksThenCreates = <T>(store: Store<T>): Store<T> => ({
  ...store,
  create: (async (key: string, value: T, options: Options) => {
    const entry = await store.get(key)
    await turn()
    return entry ? { ok: false, entry } : set(store as Any, key, value, options)
  }) as never,
})

/** Reads, changes, and writes: the last one wins, over changes and removals that came meanwhile. */
export const getsThenSets = <T>(store: Store<T>): Store<T> => ({
  ...store,
  update: (async (key: string, value: unknown, options: Options) => {
    const old = await store.get(key)
    if (!old || old.gone) return { ok: false, entry: old }
    const next = await newValue(value, old)
    await turn()
    return set(store as Any, key, next, options)
  }) as never,
})

const changed = (kept: Kept | undefined, change: Partial<Kept>): Kept | undefined => kept && { ...kept, ...change }

const withVersions = (versionOf: (key: string, bytes: Uint8Array) => string): Open =>
  upon(backing => {
    const seen = function* (key: string, kept: Kept | undefined) {
      const bytes = kept?.kind === 'live' ? yield* kept.data() : undefined
      return bytes instanceof Uint8Array ? changed(kept, { version: versionOf(key, bytes) }) : kept
    }
    return {
      *read(key) {
        return yield* seen(key, yield* backing.read(key))
      },
      *commit(key, from, to) {
        const now = yield* backing.commit(key, from, to)
        return typeof now === 'string' ? now : ((yield* seen(key, now)) as Kept)
      },
    }
  })

const plainJson: Codec<unknown> = {
  encode: value => Buffer.from(JSON.stringify(value) ?? 'null'),
  decode: bytes => JSON.parse(Buffer.from(bytes).toString()),
}

/** Keeps the objects themselves, and hands them out again. */
function sharing(): Codec<unknown> {
  const objects: unknown[] = []
  return {
    encode: value => Buffer.from(String(objects.push(value) - 1)),
    decode: bytes => objects[Number(Buffer.from(bytes).toString())],
  }
}

const changesOf: Readonly<Record<string, BrokenStore>> = {
  'nothing is null': {
    open: replacing(({ get }) => ({ get: async (key: string) => (await get(key)) ?? null })),
    fails: [/never was is undefined/],
  },
  'get returns bare values': {
    open: replacing(({ get }) => ({ get: async (key: string) => (await get(key))?.value })),
    fails: [/get returns the same entry/],
  },
  'create replaces': {
    open: replacing(store => ({
      create: (key: string, value: unknown, options: Options) => set(store, key, value, options),
    })),
    fails: [/create is refused where/, /one makes the entry/],
  },
  'looks, and then creates': {
    open: (backing, options) => looksThenCreates(openStore(backing, options)),
    fails: [/one makes the entry/],
  },
  'the first version stays': {
    open: upon(backing => ({
      commit: (key, from, to) => backing.commit(key, from, to && { ...to, version: from?.version ?? to.version }),
    })),
    fails: [/gives it a new version/, /with ifVersion changes that version only/, /of one version at once one is made/],
  },
  'update makes what is absent': {
    open: replacing(store => ({
      update: async (key: string, value: unknown, options: Options) =>
        set(store, key, await newValue(value, await store.get(key)), options),
    })),
    fails: [/update never makes/, /stays removed/],
  },
  'hands out values instead of entries': {
    open: replacing(store => ({
      update: (key: string, value: object, options: Options) =>
        store.update(
          key,
          typeof value === 'function' ? (old: { value: unknown }) => value(old.value as never) : value,
          options,
        ),
    })),
    fails: [/hands the entry to a function/],
  },
  'gets, and then sets': {
    open: (backing, options) => getsThenSets(openStore(backing, options)),
    fails: [/by functions at once none is lost/, /by a slow function/, /stays removed/],
  },
  'passes over ifVersion': {
    open: replacing(store => ({
      update: (key: string, value: object, { ifVersion: _, ...rest }: Options = {}) => store.update(key, value, rest),
      remove: (key: string, { ifVersion: _, ...rest }: Options = {}) => store.remove(key, rest),
      touch: (key: string, ttl: number, { ifVersion: _, ...rest }: Options = {}) => store.touch(key, ttl, rest),
    })),
    fails: [/update with ifVersion/, /remove with ifVersion/, /or another version/, /made anew under an update/],
  },
  'looks at the version, and then changes': {
    open: replacing(store => ({
      async update(key: string, value: object, { ifVersion, ...rest }: Options = {}) {
        const entry = await store.get(key)
        if (ifVersion && entry?.version !== ifVersion) return { ok: false, entry }
        await turn()
        return store.update(key, value, rest)
      },
    })),
    fails: [/of one version at once one is made/],
  },
  'swallows what fails': {
    open: replacing(store => ({
      update: (...args: Parameters<Any['update']>) =>
        store.update(...args).catch(() => ({ ok: false, entry: undefined })),
    })),
    fails: [/what the function of an update throws/],
  },
  'remove is always well': {
    open: replacing(store => ({
      remove: async (...args: Parameters<Any['remove']>) => ({ ...(await store.remove(...args)), ok: true }),
    })),
    fails: [/is refused where there is none/, /of many removals/],
  },
  'counts versions, from 1 after each removal': {
    open: (() => {
      const counts = new Map<string, number>()
      return upon(backing => ({
        *commit(key, from, to) {
          const number = to ? (from ? (counts.get(key) ?? 0) : 0) + (to.data === 'keep' ? 0 : 1) : 0
          counts.set(key, number)
          return yield* backing.commit(key, from, to && { ...to, version: `${number}` })
        },
      }))
    })(),
    fails: [/made anew under an update/, /no version is used twice/],
  },
  'versions are hashes of the content': {
    open: withVersions((_, bytes) => createHash('sha256').update(bytes).digest('hex')),
    fails: [/no version is used twice/],
  },
  'tries once': {
    open: replacing(store => ({
      async update(key: string, value: unknown, options: Options) {
        const entry = await store.get(key)
        if (typeof value !== 'function' || !entry || entry.gone) return store.update(key, value as object, options)
        return store.update(key, await newValue(value, entry), { ...options, ifVersion: entry.version })
      },
    })),
    fails: [/ERR_CONFLICT/, /at once none is lost/],
  },
}

const endsOf: Readonly<Record<string, BrokenStore>> = {
  'passes over the ttl': {
    open: upon(backing => ({ commit: (key, from, to) => backing.commit(key, from, to && { ...to, ends: undefined }) })),
    fails: [/after its ttl/, /touch moves the end/, /get with touch/],
  },
  'only readers know that an entry has expired': {
    open: replacing(store => ({
      async create(key: string, value: unknown, { ttl, ...options }: Options = {}) {
        const change = await store.create(key, { value, until: Date.now() + ((ttl as number) ?? 1e9) }, options)
        return { ...change, entry: { ...change.entry, value, expires: ttl && Date.now() + (ttl as number) } }
      },
      async get(key: string) {
        const entry = await store.get(key)
        const { value, until } = (entry?.value ?? {}) as { value: unknown; until: number }
        return until > Date.now() ? { ...entry, value } : undefined
      },
    })),
    fails: [/create makes another one/],
  },
  'update forgets the end': {
    open: replacing(store => ({
      update: (key: string, value: object, options: Options = {}) =>
        store.update(key, value, { ...options, ttl: (options.ttl as number | undefined) ?? Number.POSITIVE_INFINITY }),
    })),
    fails: [/update keeps the end/],
  },
  'a change that is late wakes what has ended': {
    open: upon(backing => ({
      commit: (key, from, to) => backing.commit(key, from, to && { ...to, whileLive: false }),
    })),
    fails: [/while a change of it is under way/],
  },
  'touch writes the value again': {
    open: replacing(store => ({
      touch: (key: string, ttl: number) => store.update(key, old => old.value, { ttl }),
    })),
    fails: [/leaves value and version/, /or another version/, /only touched meanwhile/],
  },
  'a touch counts as written': {
    open: upon(backing => ({
      commit: (key, from, to) => backing.commit(key, from, to && { ...to, writtenAtMs: undefined }),
    })),
    fails: [/when its value was written/],
  },
  'touch makes what is absent': {
    open: replacing(store => ({
      touch: async (key: string, ttl: number, options: Options) =>
        (await store.create(key, null, { ttl })) && store.touch(key, ttl, options),
    })),
    fails: [/touch is refused where/],
  },
  'every get writes': {
    open: replacing(store => ({
      async get(key: string, { touch, ...options }: Options = {}) {
        const entry = await store.get(key, options)
        if (!entry || touch === undefined) return entry
        await new Promise(resolve => setTimeout(resolve, 2))
        return (await store.touch(key, touch as number)).entry
      },
    })),
    fails: [/unless that was done just now/],
  },
  'keeps no tombstones': {
    open: replacing(store => ({
      remove: (key: string, { tombstone: _, ...rest }: Options = {}) => store.remove(key, rest),
    })),
    fails: [/says that the key was deleted/],
  },
  'tombstones never end': {
    open: upon(backing => ({
      commit: (key, from, to) => backing.commit(key, from, to?.kind === 'gone' ? { ...to, ends: { inMs: 1e9 } } : to),
    })),
    fails: [/after the end of a tombstone/],
  },
  'sweep takes tombstones too early': {
    open: replacing(store => ({
      async sweep() {
        for (const key of ['was', 'remembered']) await store.remove(key, { tombstone: 1 })
        const swept = await store.sweep()
        return { ...swept, tombstones: swept.tombstones + 2 }
      },
    })),
    fails: [/sweep takes away/],
  },
}

const valuesOf: Readonly<Record<string, BrokenStore>> = {
  'what is falsy is absent': {
    open: replacing(({ get }) => ({
      async get(...args: Parameters<Any['get']>) {
        const entry = await get(...args)
        return entry?.value ? entry : undefined
      },
    })),
    fails: [/null, false, 0/],
  },
  'spells values by JSON.stringify': {
    open: having(options => ({ ...options, codec: options.codec ?? plainJson })),
    fails: [/what JSON would lose/],
  },
  'takes undefined for null': {
    open: replacing(store => ({
      create: (key: string, value: unknown, options: Options) => store.create(key, value ?? null, options),
      update: (key: string, value: object, options: Options) => store.update(key, value ?? null, options),
    })),
    fails: [/undefined is refused/],
  },
  'shares its objects with callers': {
    open: (() => {
      const codec = sharing()
      return having(options => ({ codec, ...options }))
    })(),
    fails: [/what callers do to a value/],
  },
  'takes values of any size': {
    open: having(({ maxValueBytes: _, ...options }) => options),
    fails: [/too large/],
  },
  'what cannot be read is absent': {
    open: replacing(store => ({ get: (key: string) => store.get(key).catch(() => undefined) })),
    fails: [/that the codec cannot read/],
  },
  'each store object has a copy of its own': {
    open: (_, options) => openStore(memoryBacking(), options),
    fails: [/another over the same values/],
  },
}

const foldCase = (key: string): string => (typeof key === 'string' ? key.toLowerCase() : key)

const keysOf: Readonly<Record<string, BrokenStore>> = {
  'folds case': {
    open: upon(backing => ({
      read: key => backing.read(foldCase(key)),
      commit: (key, from, to) => backing.commit(foldCase(key), from, to),
    })),
    fails: [/keys that look alike/],
  },
  'makes a key of anything': {
    open: replacing(store => ({
      get: (key: unknown) => store.get(`k${key}`),
      create: (key: unknown, value: unknown) => store.create(`k${key}`, value),
    })),
    fails: [/what is no key/],
  },
  'lists all keys, whatever they begin with': {
    open: upon(backing => ({ list: (_, cursor) => backing.list('', cursor) })),
    fails: [/with a prefix those that begin so/],
  },
  'lists by position, and what is used moves to the end': {
    open: (() => {
      const order = new Map<Backing, Set<string>>()
      return (backing, options) => {
        const keys = order.get(backing) ?? new Set<string>()
        order.set(backing, keys)
        return upon(good => ({
          *commit(key, from, to) {
            keys.delete(key)
            if (to) keys.add(key)
            return yield* good.commit(key, from, to)
          },
          *list(prefix, cursor = 0) {
            const at = cursor as number
            const entries: [string, Kept][] = []
            for (const key of [...keys].slice(at, at + 5)) {
              const kept = key.startsWith(prefix) ? yield* good.read(key) : undefined
              if (kept) entries.push([key, kept])
            }
            return { entries, cursor: at + 5 < keys.size ? at + 5 : undefined }
          },
        }))(backing, options)
      }
    })(),
    fails: [/there all the time exactly once/],
  },
  'getMany returns what comes, as it comes': {
    open: replacing(({ getMany }) => ({
      getMany: async (keys: Iterable<string>) => new Map([...(await getMany(keys))].sort()),
    })),
    fails: [/in the order of the keys/],
  },
  'createMany replaces': {
    open: replacing(store => ({
      async createMany(values: Iterable<[string, unknown]>) {
        const pairs = [...values].map(async ([key, value]) => [key, await set(store, key, value)] as const)
        return new Map(await Promise.all(pairs))
      },
    })),
    fails: [/createMany makes each entry/],
  },
  'reads and writes all keys as one': {
    open: replacing(store => ({
      async update(key: string, value: unknown) {
        const keys = Array.from({ length: 20 }, (_, at) => `k${at}`)
        const all = await store.getMany(keys)
        const next = await newValue(value, all.get(key))
        await turn()
        for (const [one, entry] of all) await set(store, one, one === key ? next : entry.value)
        return store.update(key, old => old.value)
      },
    })),
    fails: [/do not touch each other/],
  },
}

const without = (names: readonly string[], options: Options = {}): Options =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)))

const deaf = (names: readonly string[]): Open =>
  replacing(store => ({
    create: (key: string, value: unknown, options?: Options) => store.create(key, value, without(names, options)),
    update: (key: string, value: object, options?: Options) => store.update(key, value, without(names, options)),
    remove: (key: string, options?: Options) => store.remove(key, without(names, options)),
  }))

const callsOf: Readonly<Record<string, BrokenStore>> = {
  'takes 0 for no end': {
    open: replacing(store => ({
      create: (key: string, value: unknown, { ttl, ...options }: Options = {}) =>
        store.create(key, value, ttl ? { ...options, ttl: ttl as number } : options),
    })),
    fails: [/bad times and unknown options/],
  },
  'passes over signals': { open: deaf(['signal']), fails: [/signal is aborted/] },
  'passes over time limits': { open: deaf(['timeout']), fails: [/a timeout ends/] },
  'confirms nothing': {
    open: replacing(() => ({ confirm: async () => 'not done' })),
    fails: [/confirm takes/],
  },
  'close does nothing': {
    open: replacing(() => ({ close: async () => {}, [Symbol.asyncDispose]: async () => {} })),
    fails: [/that was closed/, /await using/],
  },
  'its sync form replaces': {
    open: replacing(store => ({
      create: Object.assign((...args: Parameters<Any['create']>) => store.create(...args), {
        sync: (key: string, value: object) =>
          store.get.sync(key) ? store.update.sync(key, value) : store.create.sync(key, value),
      }),
    })),
    fails: [/the sync forms/],
  },
}

export const brokenStores: Readonly<Record<string, BrokenStore>> = {
  ...changesOf,
  ...endsOf,
  ...valuesOf,
  ...keysOf,
  ...callsOf,
}
