// What the driver of the promise form (./drive-async.ts) is given.

import type { Outcome } from './alphabet.js'
import type { Deadline } from './deadline.js'
import type { Door } from './door.js'
import type { Steps } from './steps.js'

export interface Running<T> {
  readonly steps: Steps<T>
  readonly deadline: Deadline | undefined
  readonly door: Door
  readonly retryFor?: number | undefined
  /**
   * The first call waits for it. Algorithms check their input before that, so bad input is refused without a wait.
   */
  readonly before?: Promise<unknown> | undefined
  /** The caller waits until the steps have ended, however long they take after the deadline. */
  readonly patient?: boolean | undefined
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
  /** Called when the steps have ended. `left`: that is later than the end of the promise. */
  readonly ended?: ((outcome: Outcome<T>, left: boolean) => void) | undefined
}
