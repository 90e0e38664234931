// Several locks that are held at the same time. They are taken in the order in which they are given, and the first ones
// get their heartbeats while the next is waited for. If all callers give one order, none waits for another in a circle.

import { fs, pending, type Steps } from '../core/steps.js'
import { type Hold, type Locking, renew } from '../lock/hold.js'
import { attendTo } from '../lock/slots.js'
import { beat, inside, whileHeld } from '../lock/while-held.js'

/** A lock that is held; or one that could not be taken, and why: what is locked can be read without it. */
export interface Locked {
  readonly locking: Locking
  readonly hold: Hold | undefined
  readonly refused?: unknown
}

/** Takes a lock, or finds out why that cannot be taken. */
type Take = (locking: Locking) => Steps<Locked>

/** Takes all the locks by `take`, and runs steps while they are held. `locked`: those that are held already. */
export function* whileAllHeld<T>(
  lockings: readonly Locking[],
  take: Take,
  use: (locked: readonly Locked[]) => Steps<T>,
  locked: readonly Locked[] = [],
): Steps<T> {
  const one = yield* takeBeside(holdsOf(locked), lockings[locked.length] as Locking, take)
  const all = [...locked, one]
  const rest = () => (all.length === lockings.length ? use(all) : whileAllHeld(lockings, take, use, all))
  return yield* one.hold ? whileHeld(one.hold, rest) : rest()
}

/** Each once: several things may have one lock. */
export function holdsOf(locked: readonly Locked[]): Hold[] {
  const holds: Hold[] = []
  for (const { hold } of locked) if (hold && !holds.includes(hold)) holds.push(hold)
  return holds
}

function* takeBeside(holds: readonly Hold[], next: Locking, take: Take): Steps<Locked> {
  if (holds.length === 0) return yield* take(next)
  // By another spelling it may be one of those: the call must not wait for itself.
  const around = [...next.around, ...holds.map(({ id }) => id)]
  return yield* take({ ...next, around, attend: () => attendTo(holds) })
}

/** `attended`, for several holds, or none. */
export function* attendedByAll<T>(holds: readonly Hold[], value: T | PromiseLike<T>): Steps<Awaited<T>> {
  const [first] = holds
  if (!first) return yield* fs.settle(value)
  for (;;) {
    const settled = yield* fs.settle(value, first.locking.heartbeatMs)
    if (settled !== pending) return settled
    for (const hold of holds) if (!hold.over) yield* beat(hold)
  }
}

/** `inside`, for several holds. */
export const insideAll = <T>(holds: readonly Hold[], work: () => T): T =>
  holds.reduceRight<() => T>((inner, hold) => () => inside(hold, inner), work)()

/** Heartbeats of all. @throws `ERR_LEASE_LOST` */
export function* renewAll(holds: readonly Hold[]): Steps<void> {
  for (const hold of holds) yield* renew(hold)
}
