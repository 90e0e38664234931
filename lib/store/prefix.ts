import type { Backing } from './backing.js'
import type { Store } from './contract.js'
import { innerOf } from './inner.js'
import { checkKey } from './keys.js'
import { commitAt, listBelow, longer } from './mapped.js'
import { over } from './over.js'
import { wrap } from './wrap.js'

/**
 * Makes a store of a part of another one: its keys are those of the other that begin with a text, without that text.
 *
 * Holds afterwards: every operation through the new store, `keys` and `getOrSet` included, is the same operation on the key
 * of the other store that is `text` and then the key. Versions are the same through both.
 *
 * Not promised: that two prefixes are apart, if one begins with the other (`a` and `ab`): let them end with a character
 * that is nowhere else in them, as `:`.
 *
 * @param store A store of this package, or a wrapper of one.
 * @param text The beginning of each key. All wrappers together may put at most 4,096 bytes before a key.
 * @returns A store. To close it leaves the other one open.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`: the text cannot begin a key.
 *
 * @example
 * const sessions = prefix(store, 'session:')
 * await sessions.create('anna', { since: 12 })
 *
 * Source of the protocol: `Prefix` of iFixit/Matryoshka.
 */
export function prefix<T>(store: Store<T>, text: string): Store<T> {
  const inner = innerOf<T>(store)
  checkKey(text, 'text')
  const backing = prefixed(inner.backing, text)
  return wrap(inner, { backing, nameBelow: key => text + key })
}

function prefixed(below: Backing, text: string): Backing {
  const whole = (key: string): string => longer(text, key)
  const { glance, recall, count, stillThere } = below
  return over(below, {
    read: key => below.read(whole(key)),
    commit: (key, from, to) => commitAt(below, whole(key), key, from, to),
    list: (prefix, cursor) => listBelow(below, text, prefix, cursor),
    changed: (key, ms) => below.changed(whole(key), ms),
    ...(glance && { glance: key => glance.call(below, whole(key)) }),
    ...(recall && { recall: key => recall.call(below, whole(key)) }),
    ...(count && { count: (key, hit) => count.call(below, whole(key), hit) }),
    ...(stillThere && { stillThere: (key, kept) => stillThere.call(below, whole(key), kept) }),
  })
}
