import type { Steps } from '../core/steps.js'

/** The same steps, until the process kills itself (SIGKILL) before their k-th call, counted from 0. */
export function* killedAt<T>(steps: Steps<T>, call: number): Steps<T> {
  let made = 0
  let next = steps.next()
  while (!next.done) {
    if (made++ === call) process.kill(process.pid, 'SIGKILL')
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
