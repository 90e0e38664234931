// The keys of a scope, in the store that they are in: `scope/<name>/<generation>/<key>`, and of several scopes at once
// `scope/<name>+<name>/<generation>+<generation>/<key>`. Each call reads the generation first. Drop takes that away, so what
// is under it is not found any more, and what a straggler still writes there is not found either.

import type { Steps } from '../../core/steps.js'
import { nonces } from '../../parts/stage-names.js'
import type { Backing, Draft, Kept, Page } from '../backing.js'
import { just } from '../just.js'
import { commitAt, listBelow, longer } from '../mapped.js'
import type { Generation } from './generation.js'
import { sweepDropped } from './sweep.js'

/** Where a state was read. */
interface Origin {
  /** With which the keys began; undefined: there was no generation. */
  readonly before: string | undefined
  /** The state, as the backing below knows it; undefined: there was none. */
  readonly kept: Kept | undefined
}

interface Cursor {
  readonly before: string
  readonly below: unknown
}

/** `scopes`: in the order of their names. */
export class Members implements Backing {
  readonly claims: Backing['claims']
  readonly glance?: NonNullable<Backing['glance']>
  readonly recall?: NonNullable<Backing['recall']>
  readonly stillThere?: NonNullable<Backing['stillThere']>
  readonly #origins = new WeakMap<Kept, Origin>()

  constructor(
    readonly below: Backing,
    readonly scopes: readonly Generation[],
    readonly root: string,
  ) {
    this.claims = below.claims
    this.glance = key => this.#look(key, false)
    if (below.recall) this.recall = key => this.#recall(key)
    if (below.stillThere) this.stillThere = (key, kept) => this.#isStillThere(key, kept)
  }

  read(key: string): Steps<Kept | undefined> {
    return this.#look(key, true)
  }

  now(): Steps<number> {
    return this.below.now()
  }

  *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'> {
    const origin = from && this.#origins.get(from)
    if (from && !origin) return 'moved'
    // Nothing is to be taken away, and it makes no generation.
    if (!to && !origin?.kept) return 'removed'
    let before = origin?.before
    if (before === undefined) {
      before = (yield* this.#before(true)) ?? (yield* this.#make())
      // There may have been a generation meanwhile, and a drop of that may have been meant for this very value.
      if (origin && to?.data !== undefined) return 'moved'
    } else if (yield* this.#isDropped(from, before)) return 'moved'
    const kept = yield* commitAt(this.below, longer(before, key), key, origin?.kept, to)
    if (typeof kept === 'object') this.#origins.set(kept, { before, kept })
    return kept
  }

  /**
   * A call that has claimed a key is to know that its value will not be found. What others write under the old generation is
   * not found either: it counts as before the drop.
   */
  *#isDropped(from: Kept | undefined, before: string): Steps<boolean> {
    if (from?.claim === undefined || from.claim.owner !== (yield* this.claims.self())) return false
    return (yield* this.#before(true)) !== before
  }

  *list(prefix: string, cursor: unknown): Steps<Page> {
    const last = cursor as Cursor | undefined
    // All pages are of one generation.
    const before = last ? last.before : yield* this.#before(true)
    if (before === undefined) return { entries: [], cursor: undefined }
    const page = yield* listBelow(this.below, before, prefix, last?.below)
    for (const [, kept] of page.entries) this.#origins.set(kept, { before, kept })
    return { entries: page.entries, cursor: page.cursor === undefined ? undefined : { before, below: page.cursor } }
  }

  *changed(key: string, ms: number): Steps<void> {
    const before = yield* this.#before(false)
    if (before !== undefined) yield* this.below.changed(longer(before, key), ms)
    else yield* (this.scopes[0] as Generation).changed(ms)
  }

  *sweep(): Steps<number> {
    const dropped = yield* sweepDropped(this.below, `${this.root}/`, () => this.#before(true))
    return dropped + (this.below.sweep ? yield* this.below.sweep() : 0)
  }

  *#look(key: string, exact: boolean): Steps<Kept | undefined> {
    const { before, kept } = yield* exact ? this.#readExactly(key) : this.#glance(key, false)
    // A caller that goes on from nothing must say under which generation that was seen.
    const seen = kept ?? (yield* nothing())
    this.#origins.set(seen, { before, kept })
    return seen
  }

  *#readExactly(key: string): Steps<Origin> {
    for (;;) {
      const origin = yield* this.#glance(key, true)
      if (origin.kept || origin.before === undefined) return origin
      // What was dropped may have been swept, and then it was not nothing that was there before the drop.
      if ((yield* this.#before(true)) === origin.before) return origin
    }
  }

  *#glance(key: string, exact: boolean): Steps<Origin> {
    const { below } = this
    const before = yield* this.#before(exact)
    const whole = longer(before ?? `${this.root}/`, key)
    if (before === undefined) return { before, kept: undefined }
    return { before, kept: yield* !exact && below.glance ? below.glance(whole) : below.read(whole) }
  }

  *#recall(key: string): Steps<Kept | undefined> {
    const { below } = this
    const before = below.recall && (yield* this.#before(true))
    const kept = before === undefined ? undefined : yield* (below as Required<Backing>).recall(longer(before, key))
    if (kept) this.#origins.set(kept, { before, kept })
    return kept
  }

  *#isStillThere(key: string, kept: Kept): Steps<boolean> {
    const { below } = this
    const origin = this.#origins.get(kept)
    if (!below.stillThere || !origin?.kept || origin.before === undefined) return false
    if ((yield* this.#before(false)) !== origin.before) return false
    return yield* below.stillThere(origin.before + key, origin.kept)
  }

  /** With what the keys begin; undefined: a generation is missing. */
  *#before(exact: boolean): Steps<string | undefined> {
    const { scopes, root } = this
    let generations = ''
    for (const scope of scopes) {
      const one = yield* scope.current(exact)
      if (one === undefined) return undefined
      generations += generations === '' ? one : `+${one}`
    }
    return `${root}/${generations}/`
  }

  *#make(): Steps<string> {
    const generations: string[] = []
    for (const scope of this.scopes) generations.push((yield* scope.current(true)) ?? (yield* scope.make()))
    return `${this.root}/${generations.join('+')}/`
  }
}

/** A state that says that there is none. It was never in the store. */
function* nothing(): Steps<Kept> {
  const id = yield* nonces()
  const ends = { writtenAtMs: 0, endsAtMs: undefined, staleMs: 0, readAtMs: 0 }
  const data = () => just(() => 'moved' as const)
  return { ...ends, id, lineage: [], kind: 'none', version: id, claim: undefined, lastFence: 0, data }
}
