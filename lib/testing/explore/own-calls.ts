// The calls in which no other process has a part. The explorer answers them at once, and in a replay the same way.

import type { Call, Outcome } from '../../core/steps.js'
import { isThenable, waitsOutside } from './bad-world.js'
import type { Event } from './trace.js'

/** What a player has in common with the others. */
export interface Surroundings {
  readonly root: string
  readonly clock: number
  /** The clock may jump, so that reading it is a step like any other. */
  readonly ticking: boolean
  /** Every reply comes, and is true. */
  readonly honest: boolean
  /** To open a directory is one step, and to read it another. */
  readonly splitListings: boolean
  readonly events: Event[]
}

export class OwnCalls {
  readonly #number: number
  readonly #name: string
  readonly #around: Surroundings
  readonly #kept = new Map<string, unknown>()
  #drawn = 0

  constructor(number: number, name: string, around: Surroundings) {
    this.#number = number
    this.#name = name
    this.#around = around
  }

  /** What comes of the call; undefined if others have a part in it. */
  answer({ op, args }: Call): Outcome<unknown> | undefined {
    switch (op) {
      case 'random':
        return { value: this.#draw(args[0] as number) }
      case 'self':
        return { value: `explored-${this.#number}-0` }
      case 'recall':
        return { value: this.#kept.get(args[0] as string) }
      case 'remember':
        this.#kept.set(args[0] as string, args[1])
        return { value: undefined }
      case 'engage':
        return { value: 1 }
      case 'blocking':
        return { value: false }
      case 'local':
        return { value: this.#around.honest }
      case 'now':
        return this.#around.ticking ? undefined : { value: this.#around.clock }
      case 'settle':
        if (isThenable(args[0])) throw waitsOutside(this.#name, args[0])
        return { value: args[0] }
      default:
        return undefined
    }
  }

  /** Never the same bytes twice, and never those of another player. */
  #draw(bytes: number): Buffer {
    const drawn = Buffer.alloc(bytes, this.#number + 1)
    drawn[0] = this.#drawn++
    return drawn
  }
}
