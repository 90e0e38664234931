// Few calls are in the pool at a time; the others wait here. libuv hands over, in one turn of the event loop, all results
// that have come in since the last. With a thousand calls in the pool that may be a thousand, and what follows each of
// them keeps the event loop from everything else meanwhile.

import { asFailure, type Done, notMade, type Wake } from './done.js'
import { soon } from './timers.js'

/** More than this would not keep the threads busier, unless there are more threads. */
const leastWidth = 32

let width: number | undefined
let inside = 0
let isFlushing = false

/** A call that waits to be let in. */
interface Waiting {
  make(ended: Done): void
  done: Done
}

const waiting = new Set<Waiting>()

/**
 * Has the pool make a call when there is room for it. What Node refuses at once, or a callback throws, is an error of the
 * call like any other. Returns how to leave before that: then the call ends with the error `notMade`.
 */
export function enterPool(make: (ended: Done) => void, done: Done): Wake | undefined {
  const call = { make, done }
  if (inside === 0 && waiting.size === 0) {
    begin(call)
    return undefined
  }
  waiting.add(call)
  // Those that come in one go are let in one right after the other: to wake a thread takes longer than a quick call, and
  // one that is busy need not be woken.
  if (!isFlushing) {
    isFlushing = true
    soon(flush)
  }
  return () => {
    if (waiting.delete(call)) done(notMade)
  }
}

function flush(): void {
  isFlushing = false
  // A call that blocks its thread for long must not keep others from the threads that are left.
  width ??= Math.max(leastWidth, 2 * (Number(process.env.UV_THREADPOOL_SIZE) || 0))
  if (inside < width) letIn(width)
}

function letIn(most: number): void {
  for (const call of waiting) {
    if (inside >= most) return
    waiting.delete(call)
    begin(call)
  }
}

function begin({ make, done }: Waiting): void {
  inside++
  const ended: Done = (error, value) => {
    inside--
    // Many at a time, for the same reason.
    if (waiting.size > 0 && inside <= (width as number) / 2) letIn(width as number)
    try {
      done(error, value)
    } catch (thrown) {
      done(thrown)
    }
  }
  try {
    make(ended)
  } catch (error) {
    // Later, because each call that is refused lets the next one in, and would deepen the stack.
    soon(() => ended(asFailure(error)))
  }
}
