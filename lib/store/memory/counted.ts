// What a limiter has counted, as it is in memory: numbers. They become a state with an id and a value when another call asks
// for that, because most are replaced before anything does.

import { randomBytes } from 'node:crypto'
import type { CountedStates, Kept } from '../backing.js'
import { just } from '../just.js'
import { endsAtMs } from '../limiter/plan.js'
import { spell } from '../limiter/spelling.js'

export class Counted {
  counted: CountedStates
  #atMs: number
  #kept: Kept | undefined

  constructor(counted: CountedStates, atMs: number) {
    this.counted = counted
    this.#atMs = atMs
  }

  replace(counted: CountedStates, atMs: number): void {
    this.counted = counted
    this.#atMs = atMs
    this.#kept = undefined
  }

  isSpent(nowMs: number): boolean {
    return nowMs >= this.#endsAtMs
  }

  get bytes(): Uint8Array {
    const { parts, states } = this.counted
    return Buffer.from(spell(parts, states), 'latin1')
  }

  /** No state before it is remembered: in memory no outcome is unknown. */
  get kept(): Kept {
    this.#kept ??= this.#make()
    return this.#kept
  }

  get #endsAtMs(): number {
    return endsAtMs(this.counted.parts, this.counted.states)
  }

  #make(): Kept {
    const id = randomBytes(8).toString('hex')
    const { bytes } = this
    const state = { id, lineage: [], kind: 'live', version: id, staleMs: 0, claim: undefined, lastFence: 0 } as const
    const times = { writtenAtMs: this.#atMs, readAtMs: this.#atMs, endsAtMs: this.#endsAtMs }
    return { ...state, ...times, data: () => just(() => Uint8Array.from(bytes)) }
  }
}
