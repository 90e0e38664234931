// Few calls are in the pool at a time; the others wait here. libuv hands over, in one turn of the event loop, all results
// that have come in since the last. With a thousand calls in the pool that may be a thousand, and what follows each of
// them keeps the event loop from everything else meanwhile.

import { catching, type Done, notMade, ownContext, type Wake } from './wait.js'

/** More than this would not keep the threads busier, unless there are more threads. */
const leastWidth = 32

let width: number | undefined
let inside = 0
const waiting = new Set<() => void>()

/**
 * Has the pool make a call when there is room for it. What Node refuses at once, or a callback throws, is an error of the
 * call like any other. Returns how to leave, if the call must wait: then it ends with the error `notMade`.
 */
export function enterPool(make: (ended: Done) => void, done: Done): Wake | undefined {
  const ended: Done = (error, value) => {
    leave()
    catching(() => done(error, value), done)
  }
  // Later, because each call that is refused lets the next one in.
  const begin = () =>
    void catching(
      () => make(ended),
      refusal => queueMicrotask(() => ended(refusal)),
    )
  // A call that blocks its thread for long must not keep others from the threads that are left.
  width ??= Math.max(leastWidth, 2 * (Number(process.env.UV_THREADPOOL_SIZE) || 0))
  if (inside < width) {
    inside++
    begin()
    return undefined
  }
  const beginLater = ownContext(begin)
  waiting.add(beginLater)
  return () => {
    if (waiting.delete(beginLater)) done(notMade)
  }
}

function leave(): void {
  const [next] = waiting
  if (!next) inside--
  else {
    waiting.delete(next)
    next()
  }
}
