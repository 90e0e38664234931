// A process that ends in the middle of a call.

import { Worker } from 'node:worker_threads'
import type { Steps } from 'holdfast/steps'

/** The same steps. As soon as `so` returns true, calls are counted, and the process kills itself before the k-th. */
export function* killedWhen<T>(steps: Steps<T>, so: () => boolean, call: number): Steps<T> {
  let made = 0
  let next = steps.next()
  while (!next.done) {
    if (so() && made++ === call) process.kill(process.pid, 'SIGKILL')
    let value: unknown
    try {
      value = yield next.value
    } catch (error) {
      next = steps.throw(error)
      continue
    }
    next = steps.next(value)
  }
  return next.value
}

/** Kills this process at a random moment within so many milliseconds: by another thread, so in the middle of a call, too. */
export const killedWithin = (ms: number): Worker =>
  new Worker(`setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${Math.random() * ms})`, { eval: true })
