// A backing that remembers the values which it has read. Where the engine below can show by one call that a state is still
// there, each read asks that. Elsewhere calls that only read trust what was seen a short time ago.

import { LRUCache } from 'lru-cache'
import { fs, type Steps } from '../../core/steps.js'
import type { Backing, Draft, Kept, Page } from '../backing.js'
import { Reads } from './reads.js'
import { type Memory, type Owner, Remembered } from './remembered.js'

export interface Memos extends Owner {
  readonly max: number
  readonly trustMs: number
}

export class MemoBacking implements Backing, Owner {
  readonly claims: Backing['claims']
  readonly glance?: NonNullable<Backing['glance']>
  readonly recall?: NonNullable<Backing['recall']>
  readonly stillThere?: NonNullable<Backing['stillThere']>
  readonly sweep?: NonNullable<Backing['sweep']>
  readonly #below: Backing
  readonly #memories: LRUCache<string, Memory>
  readonly #reads = new Reads()
  readonly #trustMs: number
  readonly copy: Owner['copy']

  constructor(below: Backing, { max, trustMs, copy }: Memos) {
    const { recall, stillThere, sweep } = below
    this.#below = below
    this.#memories = new LRUCache({ max })
    this.#trustMs = trustMs
    this.copy = copy
    this.claims = below.claims
    if (stillThere) this.stillThere = (key, kept) => stillThere.call(below, key, this.#inner(kept))
    else this.glance = key => this.#trusting(key)
    if (recall) this.recall = key => recall.call(below, key)
    if (sweep) this.sweep = () => sweep.call(below)
  }

  read(key: string): Steps<Kept | undefined> {
    return this.#below.stillThere ? this.#proven(key) : this.#fetch(key, this.#below.read(key))
  }

  now(): Steps<number> {
    return this.#below.now()
  }

  list(prefix: string, cursor: unknown): Steps<Page> {
    return this.#below.list(prefix, cursor)
  }

  changed(key: string, ms: number): Steps<void> {
    return this.#below.changed(key, ms)
  }

  *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'> {
    const before = from instanceof Remembered && from.owner === this ? from.memory : undefined
    const atMs = yield* this.#startMs()
    let kept: Kept | 'removed' | 'moved'
    try {
      kept = yield* this.#below.commit(key, before?.kept ?? from, to)
    } finally {
      // Whatever came of it, what was seen before is not to be trusted, nor what a read brings that is under way.
      this.#memories.delete(key)
      this.#reads.overtake(key)
    }
    if (typeof kept === 'string') return kept
    const data = to?.data
    return this.#remember(key, kept, atMs, data === 'keep' ? before?.bytes : data && this.copy(data))
  }

  // biome-ignore lint/correctness/useYield: there is nothing to call
  *close(): Steps<void> {
    this.#memories.clear()
  }

  *#proven(key: string): Steps<Kept | undefined> {
    const below = this.#below
    const memory = this.#memories.get(key)
    if (!memory || !(yield* (below as Required<Backing>).stillThere(key, memory.kept)))
      return yield* this.#fetch(key, below.read(key))
    // Whether it has ended depends on when it is read. What never ends need not ask for the time, and is one for all reads.
    if (memory.kept.endsAtMs !== undefined) return new Remembered(this, memory, yield* below.now())
    memory.endless ??= new Remembered(this, memory, memory.kept.readAtMs)
    return memory.endless
  }

  *#trusting(key: string): Steps<Kept | undefined> {
    const below = this.#below
    const memory = this.#memories.get(key)
    const ageMs = memory ? (yield* fs.now()) - memory.atMs : Number.POSITIVE_INFINITY
    if (memory && ageMs < this.#trustMs) return new Remembered(this, memory, memory.kept.readAtMs + ageMs)
    return yield* this.#fetch(key, below.glance ? below.glance(key) : below.read(key))
  }

  *#fetch(key: string, reading: Steps<Kept | undefined>): Steps<Kept | undefined> {
    const read = this.#reads.begin(key)
    try {
      const atMs = yield* this.#startMs()
      const kept = yield* reading
      return read.isOvertaken ? kept : this.#remember(key, kept, atMs)
    } finally {
      this.#reads.end(key, read)
    }
  }

  /** The time is of use only where it says how old a memory is. */
  *#startMs(): Steps<number> {
    return !this.stillThere && this.#trustMs > 0 ? yield* fs.now() : 0
  }

  /** Only values are remembered; and where they are trusted, none that a call is about to replace. */
  #remember(key: string, kept: Kept, atMs: number, bytes?: Uint8Array): Kept
  #remember(key: string, kept: Kept | undefined, atMs: number): Kept | undefined
  #remember(key: string, kept: Kept | undefined, atMs: number, bytes?: Uint8Array): Kept | undefined {
    const isOfUse = this.stillThere !== undefined || (this.#trustMs > 0 && kept?.claim === undefined)
    if (kept?.kind !== 'live' || !isOfUse) {
      this.#memories.delete(key)
      return kept
    }
    const memory: Memory = { kept, atMs, bytes, endless: undefined }
    this.#memories.set(key, memory)
    return new Remembered(this, memory, kept.readAtMs)
  }

  #inner(kept: Kept): Kept {
    return kept instanceof Remembered && kept.owner === this ? kept.memory.kept : kept
  }
}
