// Calls of this thread that are about the same thing run one after the other, first come, first served. Other processes
// do not queue here, so nothing that holds among processes depends on these queues.

/** By thing: the last place in its queue. */
const lastPlaces = new Map<string, Place>()

/** A place in some queues, at their ends. It makes a promise only if another call comes before it or behind it. */
export class Place {
  /** What its call must wait for: undefined if it is the first in each of the queues. */
  readonly before: Promise<unknown> | undefined
  readonly #things: readonly string[]
  #isLeft = false
  #over: Promise<unknown> | undefined
  #leave: (() => void) | undefined

  constructor(things: readonly string[]) {
    let ahead: Promise<unknown>[] | undefined
    for (const thing of things) {
      const last = lastPlaces.get(thing)
      if (last && last !== this) {
        ahead ??= []
        ahead.push(last.#whenOver())
      }
      lastPlaces.set(thing, this)
    }
    this.before = ahead && Promise.all(ahead)
    this.#things = things
  }

  /** If a call gives up its place early, the calls behind it must not pass those in front of it. */
  #whenOver(): Promise<unknown> {
    this.#over ??= Promise.all([this.before, this.#isLeft || this.#whenLeft()])
    return this.#over
  }

  #whenLeft(): Promise<void> {
    return new Promise(leave => {
      this.#leave = leave
    })
  }

  leave(): void {
    if (this.#isLeft) return
    this.#isLeft = true
    this.#leave?.()
    if (this.before) this.before.then(() => this.#free())
    else this.#free()
  }

  #free(): void {
    for (const thing of this.#things) if (lastPlaces.get(thing) === this) lastPlaces.delete(thing)
  }
}

/** A place that a call takes when it needs one, so that a call which ends before that never waits. */
export class LatePlace {
  #place: Place | undefined

  /** Returns what the call must wait for: undefined if that is nothing, or if the call has this place already. */
  take(thing: string): Promise<unknown> | undefined {
    if (this.#place) return undefined
    this.#place = new Place([thing])
    return this.#place.before
  }

  leave(): void {
    this.#place?.leave()
  }
}
