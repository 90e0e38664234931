import type { Steps } from '../core/steps.js'

/**
 * Runs `steps` until their call number `call`. Before that call the process kills itself with SIGKILL.
 *
 * @param steps The steps of an algorithm.
 * @param call Which call is not made, counted from 0.
 */
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
