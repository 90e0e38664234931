// The generation of a scope: a name, never used twice, that all keys of the scope begin with. It is kept in a store, too, as
// an entry, of which the version (64 random bits) is the generation. Of several callers that make it, the first one wins.

import { fs, type Steps } from '../../core/steps.js'
import type { Kept } from '../backing.js'
import type { Store } from '../contract.js'
import { isLive } from '../expiry.js'
import { innerOf } from '../inner.js'

export interface Generation {
  /** Of the scope, spelled so that it has no `/` and no `+`. */
  readonly name: string
  /** As `Inner.identityOf` spells it. */
  readonly identity: string
  /** Returns the generation; undefined: there is none. `exact`: not one that was seen up to `trust` ms ago. */
  current(exact: boolean): Steps<string | undefined>
  /** Returns the generation, and makes it if there is none. */
  make(): Steps<string>
  /** Takes it away. Returns whether this call did so. */
  drop(): Steps<boolean>
  /** Waits until there may be another one, but at most so many milliseconds. */
  changed(ms: number): Steps<void>
}

/** What was seen last: it saves a call where one stat, or `trust`, shows that it is still so. */
interface Seen {
  readonly kept: Kept
  readonly atMs: number
}

const spell = (name: string): string => name.replace(/[%+/]/g, one => encodeURIComponent(one))

export function generationOf(store: Store<string>, scopeName: string, trustMs: number): Generation {
  const { backing, identityOf } = innerOf<string>(store)
  const name = spell(scopeName)
  const key = `scope/${name}`
  let seen: Seen | undefined
  /** What was read while this object made or dropped the generation is not kept: it may be the one before. */
  let changes = 0
  const forget = () => {
    seen = undefined
    changes++
  }

  function* isStillThere({ kept, atMs }: Seen, exact: boolean): Steps<boolean> {
    if (backing.stillThere) return yield* backing.stillThere(key, kept)
    return !exact && trustMs > 0 && (yield* fs.now()) - atMs <= trustMs
  }

  function* read(exact: boolean): Steps<string | undefined> {
    const before = changes
    const atMs = trustMs > 0 ? yield* fs.now() : 0
    const kept = yield* !exact && backing.glance ? backing.glance(key) : backing.read(key)
    // One that ends is looked at each time, because whether it has ended is a question of the engine's clock.
    if (changes === before) seen = isLive(kept) && kept.endsAtMs === undefined ? { kept, atMs } : undefined
    return isLive(kept) ? kept.version : undefined
  }

  return {
    name,
    identity: identityOf(key),
    *current(exact) {
      const last = seen
      return last && (yield* isStillThere(last, exact)) ? last.kept.version : yield* read(exact)
    },
    *make() {
      forget()
      const { entry } = yield* store.create.steps(key, '')
      if (entry && !entry.gone) return entry.version
      throw cannotBeMade(scopeName)
    },
    *drop() {
      forget()
      try {
        return (yield* store.remove.steps(key)).ok
      } finally {
        forget()
      }
    },
    changed: ms => backing.changed(key, ms),
  }
}

/** Only another program, or a store with `enabled(store, { writes: false })`, comes in the way. */
function cannotBeMade(name: string): Error {
  const message = `The scope cannot be written to, because the store refuses to make its generation: ${JSON.stringify(name)}`
  return Object.assign(new Error(message), { code: 'ERR_SCOPE_CLOSED' })
}
