// What the kernel may well have in memory, though this process did not use it a moment ago: see ./hot-directories.ts and
// ./busy-directories.ts.

import type { Call } from '../alphabet.js'
import { BusyDirectories } from './busy-directories.js'
import { HotDirectories } from './hot-directories.js'
import type { Knowledge } from './knowledge.js'

export class Guesses {
  readonly #known: Knowledge
  readonly #hot: HotDirectories
  readonly #busy: BusyDirectories

  constructor(known: Knowledge) {
    this.#known = known
    this.#hot = new HotDirectories(known)
    this.#busy = new BusyDirectories(known)
  }

  /** Returns the device that the call concerns, if it is local and the kernel may well have in memory what is needed. */
  find(call: Call): number | undefined {
    return this.#hot.find(call) ?? this.#busy.find(call)
  }

  /** See ./hot-directories.ts. */
  looksBefore(call: Call): boolean {
    return this.#hot.looksBefore(call)
  }

  noteHot(dir: string): void {
    this.#hot.note(dir)
  }

  /** Notes a call that succeeded. */
  note(call: Call, value: unknown): void {
    this.#known.light.note(call, value)
    this.#busy.note(call)
  }
}
