// The driver of the sync form: makes each call in the calling thread, and blocks the thread meanwhile.

import { type Deadline, mostMs } from './deadline.js'
import type { Door, SingleCall } from './door.js'
import type { Call, Steps } from './steps.js'
import { oneByOne } from './together.js'
import { isWait } from './traits.js'

/** `retryFor`: see ./alphabet.ts. */
export function runSync<T>(steps: Steps<T>, deadline: Deadline | undefined, door: Door, retryFor?: number): T {
  let next = steps.next()
  while (!next.done) {
    let value: unknown
    try {
      const call = next.value
      value =
        call.op === 'retryFor' ? mostMs(call, { retryFor, deadline, patient: true }) : performSync(call, door, deadline)
    } catch (error) {
      deadline?.noteError(error)
      next = steps.throw(error)
      continue
    }
    next = steps.next(value)
  }
  return next.value
}

export function performSync(call: Call, door: Door, deadline: Deadline | undefined): unknown {
  if (deadline) {
    const interruption = deadline.interruption(call)
    if (interruption) throw interruption
  }
  if (call.op === 'together') return oneByOne(call.args[0] as SingleCall[], one => door.performSync(one))
  if (!deadline || !isWait(call)) return door.performSync(call as SingleCall)
  const value = door.performSync(shorten(call, deadline))
  const interruption = deadline.interruption(call)
  if (interruption) throw interruption
  return value
}

/** Returns the same wait, cut so that it ends with the deadline. */
function shorten(call: Call, deadline: Deadline): SingleCall {
  const { op, args } = call as SingleCall
  if (op === 'settle') return { op, args }
  // A sleep may end a fraction of a millisecond early. One more makes sure that the deadline has passed.
  return { op, args: [...args.slice(0, -1), Math.min(args.at(-1) as number, Math.ceil(deadline.leftMs()) + 1)] }
}
