// Which holds this thread has. A lock that names this thread is held exactly if its hold is in here: if not, it was left
// by a call that was aborted, or whose release failed.
//
// All copies of this package in a thread share one registry, those in vm contexts and in the files of a test runner as
// well: each has its own `globalThis`, and all have the exports of node:fs in common.

const key = Symbol.for('holdfast.holds')

/** `shared`: the object that all copies have in common. It is touched at the first hold, not at import. */
export function registryIn(shared: object) {
  let known: Set<string> | undefined
  const registry = (): Set<string> => {
    known ??= (Reflect.get(shared, key) as Set<string> | undefined) ?? new Set<string>()
    Reflect.set(shared, key, known)
    return known
  }
  /** Enters a hold, or lets it leave. Returns whether it is in the registry now. */
  return (hold: string, change?: 'enter' | 'leave'): boolean => {
    if (change === 'enter') registry().add(hold)
    else if (change === 'leave') registry().delete(hold)
    return registry().has(hold)
  }
}
