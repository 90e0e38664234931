// The engine in memory: of one thread, for tests, and for what need not outlive the process.

import { fs, type Steps } from '../core/steps.js'
import type { Backing, CountedStates, Counts, Draft, Kept, Page } from './backing.js'
import type { Store } from './contract.js'
import { hasEnded, isSpent } from './expiry.js'
import { just } from './just.js'
import { keptOf } from './kept.js'
import { Counted } from './memory/counted.js'
import { openStore, type StoreOptions } from './open.js'

/**
 * Opens a store in memory: for tests, and for values of one thread that need not outlive it.
 *
 * Holds afterwards: what every store promises, among the calls of this thread. Values are kept as bytes, so what is done to
 * an object after it was stored, or to one that was returned, changes nothing.
 *
 * Not promised: anything among processes, or threads. A limit of room: entries that have expired go bit by bit, and others
 * stay until they are removed (`evict`).
 *
 * @param options `codec`, `maxValueBytes`, as for `openStore`.
 * @returns An empty store.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`: bad options.
 *
 * @example
 * const sessions = memoryStore<Session>()
 * const { ok } = await sessions.create(id, { user }, { ttl: 1_800_000 })
 *
 * Source of the protocol: compare-and-swap on a map.
 */
export const memoryStore = <T = unknown>(options?: StoreOptions<T>): Store<T> => openStore(memoryBacking(), options)

interface Stored {
  readonly kept: Kept
  readonly bytes: Uint8Array | undefined
  readonly counted?: CountedStates
}

/** How many other states each commit looks at, to drop those that have nothing more to say. */
const looksPerCommit = 2
const pageSize = 1000

export function memoryBacking(clock: () => number = Date.now): Backing {
  return new MemoryBacking(clock)
}

class MemoryBacking implements Backing {
  readonly #states = new Map<string, Stored>()
  /** What waits for a change, by key. */
  readonly #waiting = new Map<string, Set<() => void>>()
  #looking: Iterator<[string, Stored]> | undefined
  readonly #clock: () => number

  // What is in this memory was made by this thread, which lives.
  readonly claims = { self: () => fs.thread(), alive: () => just(() => true) }

  readonly counts: Counts

  constructor(clock: () => number) {
    this.#clock = clock
    this.counts = {
      now: clock,
      get: key => this.#states.get(key),
      put: (key, counted, atMs) => this.#count(key, counted, atMs),
    }
  }

  *read(key: string): Steps<Kept | undefined> {
    // A call is stopped between two calls of its own, so there must be one.
    yield* fs.blocking()
    return this.#seen(this.#states.get(key))
  }

  commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'> {
    return just(() => this.#commit(key, from, to))
  }

  #commit(key: string, from: Kept | undefined, to: Draft | undefined): Kept | 'removed' | 'moved' {
    const stored = this.#states.get(key)
    if (stored?.kept.id !== from?.id) return 'moved'
    if (to?.whileLive && stored && hasEnded(stored.kept, this.#clock())) return 'moved'
    this.#dropSpent()
    const kept = to && this.#keep(key, to, stored)
    if (!to) this.#states.delete(key)
    this.#wake(key)
    return kept ?? 'removed'
  }

  #count(key: string, counted: CountedStates, atMs: number): void {
    const stored = this.#states.get(key)
    if (stored instanceof Counted) stored.replace(counted, atMs)
    else {
      this.#dropSpent()
      this.#states.set(key, new Counted(counted, atMs))
    }
    if (this.#waiting.size > 0) this.#wake(key)
  }

  #wake(key: string): void {
    const waiting = this.#waiting.get(key)
    if (waiting) for (const wake of waiting) wake()
  }

  list(prefix: string, cursor: unknown): Steps<Page> {
    return just(() => this.#page(prefix, cursor))
  }

  #page(prefix: string, cursor: unknown): Page {
    const all = (cursor ?? [...this.#states.keys()].filter(key => key.startsWith(prefix))) as readonly string[]
    const entries = all.slice(0, pageSize).flatMap(key => {
      const kept = this.#seen(this.#states.get(key))
      return kept ? [[key, kept] as const] : []
    })
    return { entries, cursor: all.length > pageSize ? all.slice(pageSize) : undefined }
  }

  *changed(key: string, ms: number): Steps<void> {
    // While the thread is blocked, nothing changes in it.
    if (yield* fs.blocking()) return yield* fs.sleep(ms)
    const waiting = this.#waiting.get(key) ?? new Set()
    this.#waiting.set(key, waiting)
    let wake = () => {}
    try {
      const changed = new Promise<void>(resolve => {
        wake = resolve
      })
      waiting.add(wake)
      yield* fs.settle(changed, ms)
    } finally {
      waiting.delete(wake)
      if (waiting.size === 0) this.#waiting.delete(key)
    }
  }

  now(): Steps<number> {
    return just(this.#clock)
  }

  *stillThere(key: string, { id }: Kept): Steps<boolean> {
    yield* fs.blocking()
    return this.#states.get(key)?.kept.id === id
  }

  #keep(key: string, to: Draft, from: Stored | undefined): Kept {
    const bytes = to.data === 'keep' ? from?.bytes : to.data && Uint8Array.from(to.data)
    // Each call gets bytes of its own: what is done to them must not change what is stored.
    const kept = keptOf(to, from?.kept, this.#clock(), () => just(() => Uint8Array.from(bytes ?? [])))
    this.#states.set(key, { kept, bytes })
    return kept
  }

  #seen(stored: Stored | undefined): Kept | undefined {
    return stored && { ...stored.kept, readAtMs: this.#clock() }
  }

  /** Amortised, so that what has expired takes no more room than what is alive. */
  #dropSpent(): void {
    for (let looks = 0; looks < looksPerCommit; looks++) {
      this.#looking ??= this.#states.entries()
      const next = this.#looking.next()
      if (next.done) {
        this.#looking = undefined
        return
      }
      const [key, stored] = next.value
      if (isOver(stored, this.#clock())) this.#states.delete(key)
    }
  }
}

const isOver = (stored: Stored, nowMs: number): boolean =>
  stored instanceof Counted ? stored.isSpent(nowMs) : isSpent({ ...stored.kept, readAtMs: nowMs })
