// What people usually write around a keyed store, and engines that are wrong in one way.

import { fs, type Steps } from 'holdfast/steps'
import type { Backing, Got, Store } from 'holdfast/store'
import { just } from '../support/stores.js'

/** Gets, makes, and sets: as every cache does that has no claims. */
export function* getThenSet(store: Store<string>, key: string, compute: () => string): Steps<Got<string>> {
  const found = yield* store.get.steps(key)
  if (found && !found.gone) return { value: found.value, version: found.version, source: 'hit' }
  const value = compute()
  const { ok, entry } = yield* store.create.steps(key, value)
  if (!ok) yield* store.update.steps(key, value)
  return { value, version: entry?.version, source: 'made' }
}

/** A claim of its own beside the value: by the presence of a key, which is then deleted, whoever has made it since. */
export function* claimByPresence(store: Store<string>, key: string, compute: () => string): Steps<Got<string>> {
  for (let sleeps = 0; ; sleeps++) {
    const found = yield* store.get.steps(key)
    if (found && !found.gone) return { value: found.value, version: found.version, source: 'hit' }
    if ((yield* store.create.steps(`${key}-claim`, '')).ok) break
    if (sleeps > 3) throw new Error('it waits for ever')
    yield* fs.sleep(1)
  }
  const value = compute()
  const { entry } = yield* store.create.steps(key, value)
  yield* store.remove.steps(`${key}-claim`)
  return { value, version: entry?.version, source: 'made' }
}

/** Publishes over whatever is there, as a `set` does. */
export const publishByOverwrite = (backing: Backing): Partial<Backing> => ({
  *commit(key, from, to) {
    if (!to || to.data === 'keep' || !to.data) return yield* backing.commit(key, from, to)
    for (;;) {
      const result = yield* backing.commit(key, yield* backing.read(key), to)
      if (result !== 'moved') return result
    }
  },
})

/** Takes a claim over because it is there, without evidence that its holder is dead. */
export const takeOverByAge = (backing: Backing): Partial<Backing> => ({
  claims: { self: () => backing.claims.self(), alive: () => just(false) },
})

/** A claim is not released when the work has failed, though that is believed. */
export const neverRelease = (backing: Backing): Partial<Backing> => ({
  *commit(key, from, to) {
    const isRelease = from?.claim && !to?.claim && !ArrayBuffer.isView(to?.data)
    return isRelease ? { ...from, claim: undefined } : yield* backing.commit(key, from, to)
  },
})
