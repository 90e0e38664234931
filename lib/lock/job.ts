// A lock that is wanted, and one that this thread holds.

import type { State } from '../cell/state.js'
import type { Verdict } from '../cell/transition.js'
import type { Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import type { Parents } from '../parts/parents.js'
import type { LostBecause } from './lease-lost.js'

/** What is locked, and how a call waits for it. */
export interface Locking {
  /** What the lock is about. */
  readonly path: string
  /** The cell beside it. */
  readonly dir: string
  /** How long (ms) this holder may make no heartbeat until it counts as dead for those that cannot judge it. */
  readonly staleMs: number
  /** Milliseconds between heartbeats. */
  readonly heartbeatMs: number
  /** The directories in which some were made for the cell. */
  readonly parents: Parents | undefined
  /** Runs the steps that create the cell; makes missing directories above it if `parents` says so. */
  readonly create: (steps: () => Steps<Verdict>) => Steps<Verdict>
  readonly trial: Trial
  /** How long (ms) a call waits before it is to be the next. @default 100 */
  readonly wantAfterMs?: number | undefined
  /** The holds inside whose work the call was made: it must not wait for their ends. */
  readonly around: readonly string[]
  /** How steps about the lock are run, where not by paths alone (../within.ts). */
  readonly through?: (<T>(steps: Steps<T>) => Steps<T>) | undefined
}

export interface Hold {
  readonly locking: Locking
  readonly fence: number
  readonly owner: string
  /** As `stale` says. */
  readonly staleMs: number
  /** Names this hold among all others: in the token, and in the registry of the thread. */
  readonly id: string
  /** The state of the cell as far as this thread knows it: each heartbeat changes it. */
  state: State
  /** `abandoned`: its release has failed, and the token still names it. Its thread may take the lock all the same. */
  over: 'releasing' | 'released' | 'abandoned' | 'lost' | undefined
  /** What was seen in the place of its state. */
  lostBecause: LostBecause | undefined
  /** When the last heartbeat that succeeded was sent. */
  beatMs: number
  /** Why the lock may be lost: no heartbeat was made for `staleMs`. */
  silence: Error | undefined
  /** Aborted when the lock is lost, or may be; made when it is first asked for. */
  loss: AbortController | undefined
  /** Called when the hold is over. */
  readonly whenOver: (() => void)[]
}
