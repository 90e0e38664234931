// Calls of this process that are about the same thing run one after the other, first come, first served. Other processes
// do not queue here: what a function promises among processes, it promises without this.

/** For each thing, the end of the last place in its queue. */
const last = new Map<string, Promise<unknown>>()

/** What a caller that joins these queues must wait for; undefined if it is the first in each of them. */
function ahead(things: readonly string[]): Promise<unknown> | undefined {
  const earlier = things.flatMap(thing => last.get(thing) ?? [])
  return earlier.length > 0 ? Promise.all(earlier) : undefined
}

/** Joins these queues, until `ended`, whatever comes of it. */
function join(things: readonly string[], before: Promise<unknown> | undefined, ended: Promise<unknown>): void {
  const free = () => {
    for (const thing of things) if (last.get(thing) === over) last.delete(thing)
  }
  // A caller that gives up its place early does not let those behind it pass those in front of it.
  const over: Promise<void> = (before ? Promise.allSettled([before, ended]) : ended).then(free, free)
  for (const thing of things) last.set(thing, over)
}

/**
 * Runs `work` in its turn: `work` gets what it must wait for before its first call. The place is kept until the result is
 * there, or for as long as `until` says.
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

/** A place that is taken in the middle of a call, so that a call that is done before that waits for no other. */
export class Place {
  #leave: (() => void) | undefined

  /** Returns what the call must wait for; undefined if there is nothing, or it has this place already. */
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
