// Which holds this thread has. A lock that names this thread is held exactly if its hold is in here: if not, it was left
// by a call that was aborted, or whose release failed.
//
// All copies of this package in a thread share one registry, those in vm contexts and in the files of a test runner as
// well: each has its own `globalThis`, and all have the exports of node:fs in common.

import { AsyncLocalStorage } from 'node:async_hooks'

const key = Symbol.for('holdfast.holds')

interface Shared {
  readonly holds: Set<string>
  /** How this thread is spelled as an owner, so that all copies spell it alike. */
  thread: string | undefined
  /** Inside whose work a call is made. */
  around: AsyncLocalStorage<readonly string[]> | undefined
}

const outside: readonly string[] = []

export class Registry {
  readonly #common: object
  #known: Shared | undefined

  /** `common`: the object that all copies have in common. It is touched at the first hold, not at import. */
  constructor(common: object) {
    this.#common = common
  }

  get #shared(): Shared {
    this.#known ??= Reflect.get(this.#common, key) as Shared | undefined
    if (this.#known) return this.#known
    this.#known = { holds: new Set(), thread: undefined, around: undefined }
    Reflect.set(this.#common, key, this.#known)
    return this.#known
  }

  /** Enters a hold, or lets it leave. Returns whether it is in the registry now. */
  readonly holding = (hold: string, change?: 'enter' | 'leave'): boolean => {
    const { holds } = this.#shared
    if (change === undefined) return holds.has(hold)
    if (change === 'enter') holds.add(hold)
    else holds.delete(hold)
    return change === 'enter'
  }

  /** Runs a user's work under a hold. Whatever it calls, now or later, is inside. */
  inside<T>(hold: string, work: () => T): T {
    const shared = this.#shared
    shared.around ??= new AsyncLocalStorage()
    return shared.around.run([...this.around(), hold], work)
  }

  /** The holds inside whose work this is called. */
  around(): readonly string[] {
    this.#known ??= Reflect.get(this.#common, key) as Shared | undefined
    return this.#known?.around?.getStore() ?? outside
  }

  thread(spell: () => string): string {
    const shared = this.#shared
    shared.thread ??= spell()
    return shared.thread
  }
}
