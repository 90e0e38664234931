// A lock that is wanted, and one that this thread holds.

import type { State } from '../cell/state.js'
import type { Verdict } from '../cell/transition.js'
import type { Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import type { Parents } from '../parts/parents.js'
import type { Loss, Waiting } from './holder/seen.js'
import type { Previous } from './token.js'

/** What is locked, and how a call waits for it. */
export interface Locking {
  /** What the lock is about. */
  readonly path: string
  /** The same, as its users see it. */
  readonly shown: string
  /** The cell: with `lockDir`, only once that is settled (./place.ts). */
  dir: string
  lockDir: string | undefined
  /** How long (ms) this holder may make no heartbeat until it counts as dead for those that cannot judge it. */
  readonly staleMs: number
  /** Milliseconds between heartbeats. */
  readonly heartbeatMs: number
  /** What the caller calls this hold, for those that see it. */
  readonly label: string | undefined
  /** To whom the call says who holds the lock, if it has anyone. */
  readonly wait: Wait | undefined
  /** When another package's lock is taken over; undefined if other packages are not expected. */
  readonly foreign: Foreign | undefined
  /** That of a new lock; undefined if the directory above decides. */
  readonly mode: number | undefined
  /** The directories in which some were made for the cell. */
  readonly parents: Parents | undefined
  /** Runs the steps that create the cell; makes missing directories above it if `parents` says so. */
  readonly create: (cell: string, steps: () => Steps<Verdict>) => Steps<Verdict>
  readonly trial: Trial
  /** How long (ms) a call waits before it is to be the next. @default 100 */
  readonly wantAfterMs?: number | undefined
  /** The holds inside whose work the call was made: it must not wait for their ends. */
  readonly around: readonly string[]
  /** Who else may hold it at the same time; undefined: no other call. */
  readonly sharing?: Sharing | undefined
  /** The lock is a slot of another one, the gate (./slots.ts). */
  readonly slot?: Slot | undefined
  /** The lock is a gate that is taken only on the way to a slot for such a hold. */
  readonly passes?: Sharing | undefined
  /** Asked before a state that was read is swapped; if it returns false, the lock counts as held. */
  readonly admits?: (() => Steps<boolean>) | undefined
  /** Run before each pause of a call that waits: it makes the heartbeats of what the call holds already. */
  readonly attend?: (() => Steps<void>) | undefined
  /** How steps about the lock are run, where not by paths alone (../within.ts). */
  readonly through?: (<T>(steps: Steps<T>) => Steps<T>) | undefined
}

export interface Foreign {
  /** How long (ms) it must be unchanged. */
  readonly unchangedMs: number
  /** An older mtime (ms) is enough, too: so the other package judges its own. */
  readonly oldestMs: number
}

/** `holders`: as many calls as the number says. */
export type Sharing = 'shared' | { readonly holders: number }

/** Somebody who wants to know what a call waits for. */
export interface Wait {
  readonly onWait: ((waiting: Waiting) => unknown) | undefined
  readonly beganMs: number
  saidAtMs: number
}

export interface Slot {
  readonly number: number
  readonly gate: Locking
}

export interface Hold {
  readonly locking: Locking
  readonly fence: number
  readonly owner: string
  /** As `stale` says. */
  readonly staleMs: number
  /** Names this hold among all others: in the token, and in the registry of the thread. */
  readonly id: string
  /** How the holder before has ended. */
  readonly previous: Previous
  /** What the lock says of this hold when it is free again: nothing but what was before, if its caller never got it. */
  endsAs: Previous
  /** The state of the cell as far as this thread knows it: each heartbeat changes it. */
  state: State
  /** What the state says besides. */
  more: readonly string[]
  /** `abandoned`: its release has failed, and the token still names it. Its thread may take the lock all the same. */
  over: 'releasing' | 'released' | 'abandoned' | 'lost' | undefined
  /** What was seen in the place of its state. */
  lost: Loss | undefined
  /** When it was taken (ms), on the monotonic clock. */
  readonly sinceMs: number
  /** When the last heartbeat that succeeded was sent. */
  beatMs: number
  /** Why the lock may be lost: no heartbeat was made for `staleMs`. */
  silence: Error | undefined
  /** Aborted when the lock is lost, or may be; made when it is first asked for. */
  loss: AbortController | undefined
  /** Called when the hold is over. */
  readonly whenOver: (() => void)[]
  /** Set if the lock is a gate: how many slots it has, each of which an exclusive holder needs, too. */
  readonly slots: number
  /** The holds that this one stands for (./whole.ts): it has no state of its own. */
  readonly parts?: readonly Hold[] | undefined
  /** Of each path, in the order in which they were given; set if there were several. */
  readonly fences?: readonly number[] | undefined
  /** Asked when it is released: do its parts stay, because another hold stands for them, too? */
  readonly keepsParts?: (() => boolean) | undefined
}
