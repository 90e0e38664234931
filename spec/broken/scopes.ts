// What people usually write where a scope is to be dropped, in the same notation.

import type { Steps } from 'holdfast/steps'
import { type Backing, type Kept, openStore, type Scope, type Store, scope } from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'
import { storeOver } from '../../lib/store/open.js'
import { over } from '../../lib/store/over.js'
import { unproven } from '../support/stepped.js'

/** What the worlds ask of a scope. */
export interface Scoped {
  readonly members: Store<string>
  drop(): Steps<unknown>
}

export const asScoped = (one: Scope<string>): Scoped => ({ members: one, drop: () => one.drop.steps() })

/** As it is here. */
export const dropped = (backing: Backing): Scoped => asScoped(scope(openStore<string>(backing), 's'))

/** Drop sets a new generation, so there is one though nothing was written. */
export function dropThatSets(backing: Backing): Scoped {
  const store = openStore<string>(backing)
  const one = scope(store, 's')
  return {
    members: one,
    *drop() {
      yield* store.remove.steps('scope/s')
      yield* store.create.steps('scope/s', '')
    },
  }
}

/** A read makes the generation, because it needs one to read under. */
export function readsThatMake(backing: Backing): Scoped {
  const store = openStore<string>(backing)
  const one = scope(store, 's')
  const inner = innerOf<string>(one)
  const making = over(inner.backing, {
    *glance(key: string): Steps<Kept | undefined> {
      yield* store.create.steps('scope/s', '')
      return yield* inner.backing.read(key)
    },
  })
  return { members: storeOver({ ...inner, backing: making }), drop: () => one.drop.steps() }
}

/** The generation is read once, and kept for as long as the object lives. */
export function memoisedGeneration(backing: Backing): Scoped {
  return asScoped(scope(openStore<string>(unproven(backing)), 's', { trust: Number.POSITIVE_INFINITY }))
}

/** What was seen to be nothing may be written whatever happened to the scope since. */
export function forgetsWhatItSaw(backing: Backing): Scoped {
  const one = scope(openStore<string>(backing), 's')
  const inner = innerOf<string>(one)
  const forgetful = over(inner.backing, {
    *read(key: string): Steps<Kept | undefined> {
      const kept = yield* inner.backing.read(key)
      return kept?.kind === 'none' ? undefined : kept
    },
  })
  return { members: storeOver({ ...inner, backing: forgetful }), drop: () => one.drop.steps() }
}

/** Sweeps what is not under the generation that was current before. */
export function sweepsTooEarly(backing: Backing): Scoped {
  const one = scope(openStore<string>(backing), 's')
  const inner = innerOf<string>(one)
  const early = over(inner.backing, {
    *sweep(): Steps<number> {
      const before = `scope/s/${yield* one.generation.steps()}/`
      const { entries } = yield* backing.list('scope/s/', undefined)
      for (const [key, kept] of entries) if (!key.startsWith(before)) yield* backing.commit(key, kept, undefined)
      return 0
    },
  })
  return { members: storeOver({ ...inner, backing: early }), drop: () => one.drop.steps() }
}
