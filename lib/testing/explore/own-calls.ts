// The calls in which no other process has a part. Their results are known at once, and are the same in every replay.

import { Registry } from '../../core/holds.js'
import type { Call, Outcome } from '../../core/steps.js'
import { givesBack } from '../../core/traits.js'
import { isThenable, waitsOutside } from './bad-world.js'
import type { Event } from './trace.js'

/** What a player has in common with the others. */
export interface Surroundings {
  readonly root: string
  readonly clock: number
  /** Where a player's clock is: all read the same time, and not all know that. */
  clockPlace(player: number): string
  /** The clock may jump, so reading it is a step like any other. */
  readonly ticking: boolean
  /** No reply is lost, and every reply is true. */
  readonly honest: boolean
  /** Opening a directory and reading it are two steps. */
  readonly splitListings: boolean
  /** Files have a clock. */
  readonly timed: boolean
  readonly events: Event[]
}

export class OwnCalls {
  readonly #number: number
  readonly #name: string
  readonly #around: Surroundings
  readonly #kept = new Map<string, unknown>()
  readonly #registry = new Registry({})
  #drawn = 0
  /** The interruption that the player got last. */
  interruption: Error | undefined
  #isPostponed = false

  constructor(number: number, name: string, around: Surroundings) {
    this.#number = number
    this.#name = name
    this.#around = around
  }

  /** An interruption that was postponed is thrown instead of the next call. */
  insteadOf(call: Call): Outcome<unknown> | undefined {
    if (!this.#isPostponed || !this.interruption || givesBack(call)) return undefined
    this.#isPostponed = false
    return { error: this.interruption }
  }

  /** Returns undefined if others have a part in the call. */
  outcomeOf({ op, args }: Call): Outcome<unknown> | undefined {
    switch (op) {
      case 'random':
        return { value: this.#draw(args[0] as number) }
      case 'self':
        return { value: `explored-${this.#number}-0` }
      case 'thread':
        return { value: `${this.#around.clockPlace(this.#number)}-explored-${this.#number}-0-0-0-0` }
      case 'recall':
        return { value: this.#kept.get(args[0] as string) }
      case 'remember':
        this.#kept.set(args[0] as string, args[1])
        return { value: undefined }
      case 'holding':
        return { value: this.#registry.holding(args[1] as string, args[2] as 'enter' | 'leave' | undefined) }
      // No schedule waits for the background.
      case 'later':
      // No schedule leaves the steps behind, and no time passes between a stop and their end.
      case 'ifLeft':
      case 'goOn':
      case 'inOneGo':
        return { value: undefined }
      case 'postpone':
        this.#isPostponed = true
        return { value: undefined }
      // In a world each call is a step of its own.
      case 'quick':
        return { value: false }
      case 'blocking':
        return { value: false }
      case 'retryFor':
        return { value: args[0] }
      case 'descriptors':
        return { value: Number.POSITIVE_INFINITY }
      case 'keep':
        return { value: undefined }
      case 'mountId':
        // A world has no mounts in it.
        return { value: 1 }
      case 'local':
        return { value: this.#around.honest }
      case 'clocked':
        return { value: this.#around.timed && (this.#around.honest || args[1] === undefined) }
      case 'now':
        return this.#around.ticking ? undefined : { value: this.#around.clock }
      case 'settle':
        if (isThenable(args[0])) throw waitsOutside(this.#name, args[0])
        return { value: args[0] }
      default:
        return undefined
    }
  }

  /** Never the same bytes twice, nor those of another player. */
  #draw(bytes: number): Buffer {
    const drawn = Buffer.alloc(bytes, this.#number + 1)
    // A call that needs several numbers may draw them together.
    for (let at = 0; at < bytes; at += 8) drawn[at] = this.#drawn++
    return drawn
  }
}
