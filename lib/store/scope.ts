import { type Dual, dual } from '../core/dual.js'
import { asNumber, type Patience, refusal } from '../core/input.js'
import { checkNames } from '../core/option-names.js'
import { checkOpen } from '../parts/life.js'
import type { Store } from './contract.js'
import { innerOf } from './inner.js'
import { jsonCodec } from './json-codec.js'
import { checkKey } from './keys.js'
import { type Generation, generationOf } from './scope/generation.js'
import { Members } from './scope/members.js'
import { wrap } from './wrap.js'

export interface ScopeOptions {
  /** Where the generation is: for all that use the scope, the same store. @default the store itself */
  readonly generations?: Store<string> | undefined
  /**
   * Milliseconds for which reads may go on with a generation that was seen. Without it each read asks for the generation:
   * one stat on files, where it is not needed, and a round trip to a server. @default 0
   */
  readonly trust?: number | undefined
}

const optionNames: ReadonlySet<string> = new Set(['generations', 'trust'] satisfies (keyof ScopeOptions)[])

export interface Scope<T> extends Store<T> {
  /** Drops all that is in the scope. Returns whether there was a generation, and this call took it away. */
  readonly drop: Dual<[options?: Patience], boolean>
  /** Returns the name, never used twice, of the time between two drops; undefined: nothing was written since the last. */
  readonly generation: Dual<[options?: Patience], string | undefined>
}

/** A scope, whatever its values are. */
export type AnyScope = Pick<Scope<never>, 'drop' | 'generation'>

const generations = new WeakMap<object, Generation>()

/**
 * Makes a part of a store that can be dropped at once.
 *
 * Holds afterwards: when `drop` has returned, no call that begins later, in any process, finds what was in the scope before;
 * for good, also if a process that had seen the scope before goes on writing. A write that overlaps a drop counts as before
 * it: once it has seen the scope, it is not found after that. What `getOrSet` computed meanwhile is given to its callers, and
 * not stored (`unstored`).
 * Reads make nothing: the generation is made by the first write, and of several writers all use that of the first.
 *
 * Not promised: the same after `trust`: reads may see a dropped scope for so long. That `drop` frees space: `sweep` of the
 * scope removes what was dropped. A write to a scope that has no generation counts from when it makes one. No key of the
 * store itself may begin with `scope/`.
 *
 * @param store Where the values are. A scope of a scope, or of any other wrapper, is dropped with it.
 * @param name Of the scope, in this store. All wrappers together may put at most 4,096 bytes before a key.
 * @param options `generations`: another store for the generation. `trust` (ms): see there.
 * @returns A store, with `drop` and `generation`. To close it leaves the other one open.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`: bad input. A write: `ERR_SCOPE_CLOSED`, if
 *   the store for the generation refuses to make it.
 *
 * @example
 * const user = scope(store, `user ${id}`)
 * const { value } = await getOrSet(user, 'feed', () => render(id))
 * await user.drop() // the user has changed: nothing that was made of the old one is found any more
 *
 * Source of the protocol: `Scope` of iFixit/Matryoshka (its issue #42: the first generation wins; #41: reads make none; #45:
 * drop removes it, and sets no new one).
 */
export function scope<T>(store: Store<T>, name: string, options: ScopeOptions = {}): Scope<T> {
  const inner = innerOf<T>(store)
  checkKey(name, 'name')
  checkNames(options, optionNames, 'options')
  const trustMs = asNumber(options.trust, 'options.trust', 0)
  if (options.generations !== undefined) innerOf(options.generations, 'options.generations')
  const kept =
    options.generations ??
    wrap<string>({ ...inner, codec: jsonCodec as never, mostBytes: Number.POSITIVE_INFINITY }, {})
  const generation = generationOf(kept, name, trustMs)
  const scoped = storeIn(store, [generation])
  const { life } = innerOf<T>(scoped)
  generations.set(scoped, generation)
  return Object.assign(scoped, {
    drop: dual(function* scopeDrop(_options: Patience = {}) {
      checkOpen(life)
      return yield* generation.drop()
    }),
    generation: dual(function* scopeGeneration(_options: Patience = {}) {
      checkOpen(life)
      return yield* generation.current(true)
    }),
  })
}

/**
 * Makes a store of what is in several scopes at once.
 *
 * Holds afterwards: as for `scope`, whichever of the scopes is dropped. Their order is of no matter: all stores of the same
 * scopes have the same values.
 *
 * Not promised: that what is in one of the scopes alone is found here, or the other way round. `sweep` of one scope leaves
 * what is in several: that is for `sweep` of this store.
 *
 * @param store Where the values are.
 * @param scopes Scopes of this store or of others, each with another name.
 * @returns A store. To close it leaves the scopes open.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`: no scopes, or two of one name.
 *
 * @example
 * const both = multiScope(store, [scope(store, `user ${id}`), scope(store, 'templates')])
 *
 * Source of the protocol: `MultiScope` of iFixit/Matryoshka.
 */
export function multiScope<T>(store: Store<T>, scopes: readonly AnyScope[]): Store<T> {
  innerOf<T>(store)
  const known = Array.isArray(scopes) ? scopes.map(one => generations.get(one)) : []
  if (known.length === 0 || known.includes(undefined))
    throw refusal('ERR_INVALID_ARG_TYPE', 'scopes', 'an array of what `scope` has returned, which is not empty', scopes)
  const sorted = (known as Generation[]).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  if (new Set(sorted.map(one => one.name)).size < sorted.length)
    throw refusal('ERR_INVALID_ARG_VALUE', 'scopes', 'scopes of which each has another name', scopes)
  return storeIn(store, sorted)
}

function storeIn<T>(store: Store<T>, scopes: readonly Generation[]): Store<T> {
  const inner = innerOf<T>(store)
  const root = `scope/${scopes.map(({ name }) => name).join('+')}`
  const backing = new Members(inner.backing, scopes, root)
  // A name for each key that stays the same, whatever the generation.
  const nameBelow = (key: string) => `${root}/${key}`
  // Scopes of one name have other values if their generations are elsewhere.
  const identityOf = (key: string) =>
    JSON.stringify([inner.identityOf(nameBelow(key)), ...scopes.map(({ identity }) => identity)])
  return wrap(inner, { backing, nameBelow, identityOf })
}
