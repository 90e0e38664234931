// Calls of this thread that are about the same thing run one after the other, first come, first served. Other processes
// do not queue here, so nothing that holds among processes depends on these queues.

/** By thing: a promise for the end of the last place in its queue. */
const queueEnds = new Map<string, Promise<unknown>>()

/** Returns what a caller that joins these queues must wait for: undefined if it is the first in each of them. */
function ahead(things: readonly string[]): Promise<unknown> | undefined {
  const earlier = things.flatMap(thing => queueEnds.get(thing) ?? [])
  return earlier.length > 0 ? Promise.all(earlier) : undefined
}

/** Joins these queues until `ended` settles. */
function join(things: readonly string[], before: Promise<unknown> | undefined, ended: Promise<unknown>): void {
  const leave = () => {
    for (const thing of things) if (queueEnds.get(thing) === end) queueEnds.delete(thing)
  }
  // If a caller gives up its place early, the callers behind it must not pass those in front of it.
  const end: Promise<void> = (before ? Promise.allSettled([before, ended]) : ended).then(leave, leave)
  for (const thing of things) queueEnds.set(thing, end)
}

/**
 * Runs `work` in its turn: `work` gets what it must wait for before its first call. The place is kept until the promise
 * that `work` returns has settled, or, with `until`, until `until(result)` has settled too.
 */
export function inTurn<T>(
  things: readonly string[],
  work: (before: Promise<unknown> | undefined) => Promise<T>,
  until: ((result: T) => unknown) | undefined,
): Promise<T> {
  const before = ahead(things)
  const result = work(before)
  join(things, before, until ? result.then(until) : result)
  return result
}

/** A place that a call takes when it needs one, so that a call which ends before that never waits. */
export class Place {
  #leave: (() => void) | undefined

  /** Returns what the call must wait for: undefined if that is nothing, or if the call has this place already. */
  take(thing: string): Promise<unknown> | undefined {
    if (this.#leave) return undefined
    const before = ahead([thing])
    const left = new Promise<void>(leave => {
      this.#leave = leave
    })
    join([thing], before, left)
    return before
  }

  leave(): void {
    this.#leave?.()
  }
}
