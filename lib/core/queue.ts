// Calls of this thread that are about the same thing run one after the other, first come, first served. Other processes
// do not queue here, so nothing that holds among processes depends on these queues.

/** By thing: a promise for the end of the last place in its queue. */
const queueEnds = new Map<string, Promise<unknown>>()

/** Returns what a caller that joins these queues must wait for: undefined if it is the first in each of them. */
function ahead(things: readonly string[]): Promise<unknown> | undefined {
  const earlier = things.flatMap(thing => queueEnds.get(thing) ?? [])
  return earlier.length > 0 ? Promise.all(earlier) : undefined
}

/** A place in these queues. */
export interface Place {
  /** What a caller must wait for before its turn: undefined if that is nothing. */
  readonly before: Promise<unknown> | undefined
  leave(): void
}

/** Joins these queues at their ends. */
export function takePlace(things: readonly string[]): Place {
  const before = ahead(things)
  let leave = () => {}
  const left = new Promise<void>(resolve => {
    leave = resolve
  })
  const free = () => {
    for (const thing of things) if (queueEnds.get(thing) === end) queueEnds.delete(thing)
  }
  // If a caller gives up its place early, the callers behind it must not pass those in front of it.
  const end = (before ? Promise.all([before, left]) : left).then(free)
  for (const thing of things) queueEnds.set(thing, end)
  return { before, leave }
}

/** A place that a call takes when it needs one, so that a call which ends before that never waits. */
export class LatePlace {
  #place: Place | undefined

  /** Returns what the call must wait for: undefined if that is nothing, or if the call has this place already. */
  take(thing: string): Promise<unknown> | undefined {
    if (this.#place) return undefined
    this.#place = takePlace([thing])
    return this.#place.before
  }

  leave(): void {
    this.#place?.leave()
  }
}
