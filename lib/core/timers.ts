// Node's timers, as they were when this was loaded. The tests of a program replace them by some that stand still until they
// are moved on (Jest, vitest, Sinon), and what waits for the disk, or for another process, must not wait for that.

import timers from 'node:timers'

export const { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = timers

const { nextTick } = process
const done = Promise.resolve()

/** Runs that when all that runs now has ended, as `queueMicrotask` does. */
export const soon = (run: () => void): void => void done.then(run)

/** Runs that when all reactions that are due have run. If ticks stood still already when this was loaded, a moment later. */
export function afterReactions(run: () => void): void {
  let isRun = false
  const once = () => {
    if (!isRun) run()
    isRun = true
  }
  soon(() => {
    nextTick(once)
    setImmediate(once)
  })
}

/** Calls a user's function soon. What it throws is an uncaught exception, as of any callback of Node. */
export function callBackSoon<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): void {
  soon(() => {
    try {
      callback(...args)
    } catch (error) {
      setImmediate(() => {
        throw error
      })
    }
  })
}
