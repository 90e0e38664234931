import { monotonicMs } from '../core/moment.js'
import type { Steps } from '../core/steps.js'
import type { Backing, Kept } from './backing.js'
import type { Store } from './contract.js'
import { type Happening, innerOf } from './inner.js'
import { KeptOver } from './kept-over.js'
import { over } from './over.js'
import { isUnknownOutcome } from './unknown-outcome.js'
import { wrap } from './wrap.js'

/** How often what came of the operations of a store. */
export interface Counts extends Readonly<Record<Happening, number>> {
  /** Milliseconds that the operations spent with the engine, waiting for it included. */
  readonly ms: number
}

/**
 * Counts what comes of the operations of a store.
 *
 * Holds afterwards: `counts` says how often a read was a `hit` or a `miss`; how often `getOrSet` returned a `stale` value,
 * `made` one, `waited` for that of another call, `met` one that another had put there, or returned one `unstored`; how often
 * a call met a `conflict` and tried again, a `takeover` of a dead holder's claim, an `unknown` outcome, and a `damaged`
 * value; and for how many `ms` the engine worked. Outcomes are counted, not calls, so each counts once however it came about.
 *
 * Not promised: anything about operations through other objects, as the store that was wrapped.
 *
 * @param store A store of this package, or a wrapper of one.
 * @returns A store, with `counts`: each time that it is read, what was counted until then. To close it leaves the other one
 *   open.
 * @throws `ERR_INVALID_ARG_TYPE`: no store of this package.
 *
 * @example
 * const cache = stats(store)
 * // ... later:
 * const { hit, miss } = cache.counts
 *
 * Source of the protocol: `Stats` of iFixit/Matryoshka, whose counters moved whenever the calls behind an operation did.
 */
export function stats<T>(store: Store<T>): Store<T> & { readonly counts: Counts } {
  const inner = innerOf<T>(store)
  const counts = { ...none }
  const note: typeof inner.note = (happening, key) => {
    counts[happening]++
    inner.note(happening, key)
  }
  const counted = wrap(inner, {
    backing: timed(
      noticing(inner.backing, key => note('unknown', key)),
      ms => {
        counts.ms += ms
      },
    ),
    note,
  })
  const view = { get: () => ({ ...counts }), enumerable: true }
  return Object.defineProperty(counted, 'counts', view) as Store<T> & { readonly counts: Counts }
}

const none: { [K in keyof Counts]: number } = {
  ...{ hit: 0, miss: 0, stale: 0, made: 0, waited: 0, met: 0, unstored: 0 },
  ...{ conflict: 0, takeover: 0, unknown: 0, damaged: 0, ms: 0 },
}

/** `unknown`: called for each commit of which the outcome is not known. */
const noticing = (below: Backing, unknown: (key: string) => void): Backing =>
  over(below, {
    *commit(key, from, to) {
      try {
        return yield* below.commit(key, from, to)
      } catch (error) {
        if (isUnknownOutcome(error)) unknown(key)
        throw error
      }
    },
  })

/** `took`: called with the milliseconds of each call. */
function timed(below: Backing, took: (ms: number) => void): Backing {
  function* time<R>(steps: Steps<R>): Steps<R> {
    const sinceMs = monotonicMs()
    try {
      return yield* steps
    } finally {
      took(monotonicMs() - sinceMs)
    }
  }
  class Timed extends KeptOver {
    override data() {
      return time(this.kept.data())
    }
  }
  const inner = (kept: Kept): Kept => (kept instanceof Timed ? kept.kept : kept)
  function* seen<R>(steps: Steps<R>): Steps<R> {
    const kept = yield* time(steps)
    return isKept(kept) ? (new Timed(kept) as R) : kept
  }
  const { glance, recall, stillThere } = below
  return over(below, {
    read: key => seen(below.read(key)),
    commit: (key, from, to) => seen(below.commit(key, from && inner(from), to)),
    list: (prefix, cursor) => time(below.list(prefix, cursor)),
    ...(glance && { glance: key => seen(glance.call(below, key)) }),
    ...(recall && { recall: key => seen(recall.call(below, key)) }),
    ...(stillThere && { stillThere: (key, kept) => time(stillThere.call(below, key, inner(kept))) }),
  })
}

const isKept = (value: unknown): value is Kept => typeof value === 'object'
