import type { Backing } from './backing.js'

/** A backing that is another one in all but a few calls. */
export function over(below: Backing, calls: Partial<Backing>): Backing {
  const { glance, recall, count, stillThere, sweep } = below
  return {
    claims: below.claims,
    read: key => below.read(key),
    commit: (key, from, to) => below.commit(key, from, to),
    list: (prefix, cursor) => below.list(prefix, cursor),
    changed: (key, ms) => below.changed(key, ms),
    now: () => below.now(),
    ...(glance && { glance: key => glance.call(below, key) }),
    ...(recall && { recall: key => recall.call(below, key) }),
    ...(count && { count: (key, hit) => count.call(below, key, hit) }),
    ...(stillThere && { stillThere: (key, kept) => stillThere.call(below, key, kept) }),
    ...(sweep && { sweep: () => sweep.call(below) }),
    ...calls,
  }
}
