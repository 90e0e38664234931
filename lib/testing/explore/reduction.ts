// What the search may leave out: choices that lead to nothing new, and states that were explored before. Neither leaves
// out an ending; spec/testing/explore/reduction.spec.ts compares them with the full search.

import { createHash } from 'node:crypto'
import type { dependent, Footprint } from './footprint.js'
import { type Choice, spellChoice } from './world.js'

interface Sleeper {
  readonly player: number
  readonly touched: Footprint
}

/**
 * The choices that need not be made at a fork: what they lead to was explored from an earlier fork, and everything that
 * has happened since then commutes with them (sleep sets; Godefroid 1996).
 */
export class SleepSet {
  readonly #sleepers: Map<string, Sleeper>

  constructor(sleepers: Iterable<[string, Sleeper]> = []) {
    this.#sleepers = new Map(sleepers)
  }

  has(choice: Choice): boolean {
    return this.#sleepers.has(spellChoice(choice))
  }

  /** Everything that begins with this choice was explored. */
  add(choice: Choice, touched: Footprint): void {
    this.#sleepers.set(spellChoice(choice), { player: choice.player, touched })
  }

  /** The choices that still sleep after this one: those of other players that commute with it. */
  after({ player }: Choice, touched: Footprint, depends: typeof dependent): SleepSet {
    return new SleepSet(
      [...this.#sleepers].filter(([, other]) => other.player !== player && !depends(other.touched, touched)),
    )
  }

  names(): readonly string[] {
    return [...this.#sleepers.keys()]
  }

  hasAll(names: readonly string[]): boolean {
    return names.every(name => this.#sleepers.has(name))
  }
}

/** The states that were explored, each with the choices that were asleep there and so were not made from it. */
export class SeenStates {
  readonly #asleepIn = new Map<string, (readonly string[])[]>()

  /** Returns true if the state was explored before, with no choice asleep that is awake now. Otherwise notes it. */
  hasOrAdd(state: string, asleep: SleepSet): boolean {
    const key = createHash('sha1').update(state).digest('base64')
    const before = this.#asleepIn.get(key)
    if (before?.some(names => asleep.hasAll(names))) return true
    if (before) before.push(asleep.names())
    else this.#asleepIn.set(key, [asleep.names()])
    return false
  }
}
