// A content store under way: what this store object knows. All of it is a hint, but for its leases: the directory is the
// truth.

import type { State } from '../cell/state.js'
import { RecentMap } from '../core/recent-map.js'
import type { Steps } from '../core/steps.js'
import { checkFormat, makeStore } from '../create-exclusive/format.js'
import type { Trial } from '../parts/achieve.js'
import { newLife } from '../parts/life.js'
import { contentFormat, type Generation } from './layout.js'
import type { Limits, Settings } from './options.js'

/** A generation takes about 400 bytes of memory. */
const mostKnown = 20_000

/** The name of a lease that this store object holds. */
export interface Pin {
  readonly path: string
  readonly generation: Generation
}

export class Blobs {
  readonly settings: Settings
  readonly life = newLife()
  /** Where a blob was a moment ago, by its digest; of an executable one, with `x` at its end. */
  readonly known = new RecentMap<Generation>(mostKnown)
  /** When (ms since 1970) `has` or `size` said that a blob is there, until it is used, by its digest. */
  readonly promisedMs = new RecentMap<number>(mostKnown)
  /** What this store object has leased, by digest. */
  readonly pins = new Map<string, Set<Pin>>()
  /** What the shared cell was when this store object saw it last. */
  cell: State | undefined
  /** Until when (ms since 1970) it counts as missing. */
  noCellUntilMs = 0
  /** The shards that were seen to be there: those that are missing have no blobs. */
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

  /** Checks the format. Where there is none yet, there is no blob either. */
  *open(): Steps<void> {
    this.#isOpen ||= yield* checkFormat(this.root, contentFormat)
  }

  /** The same, and makes the store if there is none. */
  *make(): Steps<void> {
    if (this.#isOpen) return
    if (!(yield* checkFormat(this.root, contentFormat))) yield* makeStore(this.settings, contentFormat, 'contentStore')
    this.#isOpen = true
  }

  trial(path: string): Trial {
    return { as: 'contentStore', path }
  }
}

export const keyOf = (digest: string, executable: boolean): string => (executable ? `${digest}x` : digest)

/** There is no such blob. Thrown by steps that are to find one, and never seen by callers: so one is enough, without a stack. */
export const miss: unknown = Object.freeze({ isMissing: true })
