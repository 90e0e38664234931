// Calls of this process that are about the same thing take turns, in the order in which they came. Other processes do not
// wait for them: what they promise to those, they promise without this.

/** What came last for each thing, and is not over. */
const last = new Map<string, Promise<unknown>>()

/** Runs the work, which is given what it must wait for before its first call. The turn may outlast it: `until` that. */
export function inTurn<T>(
  things: readonly string[],
  work: (before: Promise<unknown> | undefined) => Promise<T>,
  until: ((answer: T) => unknown) | undefined,
): Promise<T> {
  const earlier = things.flatMap(thing => last.get(thing) ?? [])
  const before = earlier.length > 0 ? Promise.all(earlier) : undefined
  const done = work(before)
  const free = () => {
    for (const thing of things) if (last.get(thing) === over) last.delete(thing)
  }
  const ended = until ? done.then(until) : done
  // Whoever gives up waiting does not let those behind him pass those before him.
  const over: Promise<void> = (before ? Promise.allSettled([before, ended]) : ended).then(free, free)
  for (const thing of things) last.set(thing, over)
  return done
}

/** A place in the same line, taken in the middle of a call: who is done before that waits for nobody. */
export class Place {
  #leave: (() => void) | undefined

  /** Answers what is to be waited for; undefined if there is nothing, or the place was taken before. */
  take(thing: string): Promise<unknown> | undefined {
    if (this.#leave) return undefined
    const before = last.get(thing)
    const left = new Promise<void>(leave => {
      this.#leave = leave
    })
    const over = Promise.all([before, left]).then(() => {
      if (last.get(thing) === over) last.delete(thing)
    })
    last.set(thing, over)
    return before
  }

  leave(): void {
    this.#leave?.()
  }
}
