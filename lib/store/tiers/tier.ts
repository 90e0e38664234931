// One of the faster stores. A copy is put into it in two commits: a mark says that a read is under way, and the copy takes the
// place of exactly that mark. A change removes whatever is there, so a read that began before it puts no copy back.

import { isInterruption } from '../../core/interruption.js'
import type { Steps } from '../../core/steps.js'
import { happened } from '../../parts/happenings.js'
import type { Backing, Kept } from '../backing.js'
import { isSpent } from '../expiry.js'
import { draft } from '../kept.js'
import { type Copied, readCopy, spellCopy } from './copy.js'

/** What a look at a tier brings: a copy; a mark of this call, in whose place a copy may be put; or neither. */
export interface Look {
  readonly copied?: Copied
  readonly mark?: Kept
}

export interface Failure {
  /** The number of the store, from 0. */
  readonly tier: number
  readonly error: unknown
}

export interface TierOptions {
  readonly number: number
  readonly reads: boolean
  readonly writes: boolean
  readonly mostBytes: number
}

/** A read that takes longer has its copy refused, if another read has begun meanwhile. */
const markMs = 2_000

export class Tier {
  constructor(
    readonly backing: Backing,
    readonly options: TierOptions,
  ) {}

  look(key: string): Steps<Look> {
    return this.#unlessItFails(
      key,
      () => this.#look(key),
      () => ({}),
    )
  }

  /** Puts a copy in the place of a mark. */
  fill(key: string, mark: Kept, of: Copied, bytes: Uint8Array): Steps<void> {
    return this.#unlessItFails(
      key,
      () => this.#fill(key, mark, of, bytes),
      () => {},
    )
  }

  /** Removes what is there, a copy or a mark. Returns why it could not. */
  drop(key: string): Steps<Failure | undefined> {
    return this.#unlessItFails(
      key,
      () => this.#drop(key),
      error => ({ tier: this.options.number, error }),
    )
  }

  /** Removes what has expired, and returns how much that was. */
  sweep(): Steps<number> {
    return this.#unlessItFails(
      '',
      () => this.#sweep(),
      () => 0,
    )
  }

  *#look(key: string): Steps<Look> {
    const { backing, options } = this
    if (!options.reads) return {}
    const there = yield* backing.read(key)
    const isOver = there === undefined || isSpent(there)
    if (!isOver && there.kind !== 'live') return {}
    const data = isOver ? undefined : yield* there.data()
    const copied = there && data instanceof Uint8Array ? readCopy(there, data) : undefined
    if (copied || !options.writes) return copied ? { copied } : {}
    // A live state that is no copy is another program's, or damaged. It is replaced.
    const to = yield* draft(there, { kind: 'gone', ends: { inMs: markMs }, data: undefined })
    const mark = yield* backing.commit(key, there, to)
    return typeof mark === 'object' ? { mark } : {}
  }

  *#fill(key: string, mark: Kept, { kept, leftMs }: Copied, bytes: Uint8Array): Steps<void> {
    const endsIn = (kept.endsAtMs ?? Number.POSITIVE_INFINITY) - kept.readAtMs
    const forMs = Math.min(leftMs, endsIn)
    const data = spellCopy(kept, bytes, forMs)
    if (data.length > this.options.mostBytes || !(forMs > 0)) return
    // From when the read began, so that no copy is kept for longer, however long the read took.
    const ends = forMs === Number.POSITIVE_INFINITY ? undefined : { atMs: mark.readAtMs + forMs }
    const to = yield* draft(mark, { kind: 'live', version: kept.version, ends, data })
    yield* this.backing.commit(key, mark, to)
  }

  *#drop(key: string): Steps<Failure | undefined> {
    const { backing } = this
    for (;;) {
      const there = yield* backing.read(key)
      if (!there || (yield* backing.commit(key, there, undefined)) !== 'moved') return undefined
    }
  }

  *#sweep(): Steps<number> {
    const { backing } = this
    let removed = 0
    let cursor: unknown
    do {
      const page = yield* backing.list('', cursor)
      for (const [key, kept] of page.entries)
        if (isSpent(kept) && (yield* backing.commit(key, kept, undefined)) === 'removed') removed++
      cursor = page.cursor
    } while (cursor !== undefined)
    return removed + (backing.sweep ? yield* backing.sweep() : 0)
  }

  /** What fails is published, and then counts as what `otherwise` returns. */
  *#unlessItFails<R>(key: string, work: () => Steps<R>, otherwise: (error: unknown) => R): Steps<R> {
    try {
      return yield* work()
    } catch (error) {
      if (isInterruption(error)) throw error
      happened('holdfast:tier-failed', { tier: this.options.number, key, error })
      return otherwise(error)
    }
  }
}
