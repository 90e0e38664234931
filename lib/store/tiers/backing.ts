// Several stores as one. The last is the truth: it alone decides what a change finds, and whether it is made. The others have
// copies of values.

import type { Steps } from '../../core/steps.js'
import { cleaningUp } from '../../parts/cleanup.js'
import type { Backing, Draft, Kept, Page } from '../backing.js'
import { isLive } from '../expiry.js'
import type { Copied } from './copy.js'
import type { Failure, Tier } from './tier.js'

export class Tiers implements Backing {
  readonly claims: Backing['claims']
  readonly recall?: NonNullable<Backing['recall']>
  readonly stillThere?: NonNullable<Backing['stillThere']>
  readonly #faster: readonly Tier[]
  readonly #truth: Backing
  readonly #trustMs: number
  /** The states that were read of a copy. */
  readonly #ofCopies = new WeakSet<Kept>()

  constructor(faster: readonly Tier[], truth: Backing, trustMs: number) {
    const { recall, stillThere } = truth
    this.#faster = faster
    this.#truth = truth
    this.#trustMs = trustMs
    this.claims = truth.claims
    if (recall) this.recall = key => recall.call(truth, key)
    if (stillThere) this.stillThere = (key, kept) => stillThere.call(truth, key, kept)
  }

  read(key: string): Steps<Kept | undefined> {
    return this.#truth.read(key)
  }

  now(): Steps<number> {
    return this.#truth.now()
  }

  list(prefix: string, cursor: unknown): Steps<Page> {
    return this.#truth.list(prefix, cursor)
  }

  changed(key: string, ms: number): Steps<void> {
    return this.#truth.changed(key, ms)
  }

  *glance(key: string): Steps<Kept | undefined> {
    const marks: (readonly [Tier, Kept])[] = []
    let copied: Copied | undefined
    for (const tier of this.#faster) {
      const look = yield* tier.look(key)
      if (look.mark) marks.push([tier, look.mark])
      copied = look.copied
      if (copied) break
    }
    if (copied) this.#ofCopies.add(copied.kept)
    const kept = copied ? copied.kept : yield* this.#truth.read(key)
    // A claim says that the value is about to be replaced.
    if (marks.length === 0 || !isLive(kept) || kept.claim !== undefined) return kept
    const bytes = yield* kept.data()
    if (typeof bytes === 'string') return kept
    for (const [tier, mark] of marks) yield* tier.fill(key, mark, copied ?? { kept, leftMs: this.#trustMs }, bytes)
    return kept
  }

  *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'> {
    const before = from && this.#ofCopies.has(from) ? yield* this.#truth.read(key) : from
    // The copy is old.
    if (before?.id !== from?.id) {
      yield* this.#drop(key)
      return 'moved'
    }
    let result: Kept | 'removed' | 'moved'
    try {
      result = yield* this.#truth.commit(key, before, to)
    } catch (error) {
      // It may have been made all the same.
      yield* cleaningUp(() => this.#drop(key))
      throw error
    }
    if (result === 'moved' || !isSeen(before, to)) return result
    const failure = yield* cleaningUp(() => this.#drop(key))
    if (failure) throw this.#notDropped(key, failure)
    return result
  }

  *sweep(): Steps<number> {
    let removed = 0
    for (const tier of this.#faster) removed += yield* tier.sweep()
    return removed + (this.#truth.sweep ? yield* this.#truth.sweep() : 0)
  }

  /** Removes all copies, whichever of the stores fails. Returns the first failure. */
  *#drop(key: string): Steps<Failure | undefined> {
    let failure: Failure | undefined
    for (const tier of this.#faster) {
      const failed = yield* tier.drop(key)
      failure ??= failed
    }
    return failure
  }

  #notDropped(key: string, { tier, error: cause }: Failure): Error {
    const message = `The change was made, but store ${tier} of the tiers failed, and may have a copy of the old value for up to ${this.#trustMs} ms: ${JSON.stringify(key)}`
    return Object.assign(new Error(message, { cause }), { code: 'ERR_TIER_FAILED', key, tier, published: true })
  }
}

/** Does one that reads see the change? Claims and heartbeats are on values that stay as they are. */
function isSeen(from: Kept | undefined, to: Draft | undefined): boolean {
  if (!to || to.kind === 'none') return from !== undefined && from.kind !== 'none'
  return to.version !== from?.version || !isSameEnd(from, to)
}

function isSameEnd({ endsAtMs }: Kept, { ends }: Draft): boolean {
  return ends === undefined ? endsAtMs === undefined : 'atMs' in ends && ends.atMs === endsAtMs
}
