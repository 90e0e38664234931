// A content store under way: what this store object knows. All of it is a hint, but for its leases: the directory is the
// truth.

import type { State } from '../cell/state.js'
import { RecentMap } from '../core/recent-map.js'
import { fs, type Steps } from '../core/steps.js'
import { checkFormat, makeStore } from '../create-exclusive/format.js'
import type { Trial } from '../parts/achieve.js'
import { newLife } from '../parts/life.js'
import type { Batches } from './batch.js'
import { contentFormat, type Generation, leasesOf } from './layout.js'
import type { Limits, Settings } from './options.js'

/** A generation takes about 400 bytes of memory. */
const mostKnown = 20_000

/** Where a blob can be opened, or linked. */
export interface Found {
  readonly path: string
  readonly generation: Generation
  /** When it was used last (ms since 1970), as far as this store object has noted it. */
  usedMs?: number
}

/** The name of a lease that this store object holds. */
export type Pin = Found

export class Blobs {
  readonly settings: Settings
  readonly life = newLife()
  /** Where a blob was a moment ago, by its digest; of an executable one, with `x` at its end. */
  readonly known = new RecentMap<Found>(mostKnown)
  /** When (ms since 1970) `has` or `size` said that a blob is there, until it is used, by its digest. */
  readonly promisedMs = new RecentMap<number>(mostKnown)
  /** What this store object has leased, by digest. */
  readonly pins = new Map<string, readonly Pin[]>()
  /** What the shared cell was when this store object saw it last. */
  cell: State | undefined
  /** The swaps of that by which its calls reserve. */
  readonly batches: Batches = { now: undefined, next: undefined }
  /** Until when (ms since 1970) it counts as missing. */
  noCellUntilMs = 0
  /** The shards that were seen to be there. */
  readonly shards = new Set<string>()
  #isOpen = false

  constructor(settings: Settings) {
    this.settings = settings
  }

  get root(): string {
    return this.settings.root
  }

  get limits(): Limits | undefined {
    return this.settings.limits
  }

  /** Was it opened, or made? Then `open` and `make` do nothing, and to ask that costs less. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Checks the format. Where there is none yet, there is no blob either. */
  *open(): Steps<void> {
    if (!this.#isOpen && (yield* checkFormat(this.root, contentFormat))) yield* this.#opened()
  }

  /** The same, and makes the store if there is none. */
  *make(): Steps<void> {
    if (this.#isOpen) return
    if (!(yield* checkFormat(this.root, contentFormat))) yield* this.makeAnew()
    yield* this.#opened()
  }

  /** Another process may have removed the whole store. */
  makeAnew(): Steps<void> {
    return makeStore(this.settings, contentFormat, 'contentStore')
  }

  *#opened(): Steps<void> {
    yield* fs.hot(leasesOf(this.root))
    yield* fs.hot(`${this.root}/blobs`)
    this.#isOpen = true
  }

  trial(path: string): Trial {
    return { as: 'contentStore', path }
  }
}

export const keyOf = (digest: string, executable: boolean): string => (executable ? `${digest}x` : digest)

/** There is no such blob. Thrown by steps that are to find one, and never seen by callers: so one is enough, without a stack. */
export const miss: unknown = Object.freeze({ isMissing: true })
