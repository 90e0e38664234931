// What a thread keeps in mind: for a moment between two calls, so that the next one may begin with a guess; and what it is
// about, so that it does not wait for itself.

const kept = new Map<string, { readonly value: unknown; readonly atMs: number }>()
const mostKept = 1000
const momentMs = 1000

export function recall(key: string): unknown {
  const one = kept.get(key)
  return one && performance.now() - one.atMs < momentMs ? one.value : undefined
}

export function remember(key: string, value: unknown): void {
  if (value === undefined) kept.delete(key)
  else kept.set(key, { value, atMs: performance.now() })
  if (kept.size > mostKept) kept.clear()
}

/** By thing: the acts of this thread that are after it, or have it. */
const engaged = new Map<string, number>()

export function engage(thing: string, more: number): number {
  const acts = (engaged.get(thing) ?? 0) + more
  if (acts > 0) engaged.set(thing, acts)
  else engaged.delete(thing)
  return acts
}
