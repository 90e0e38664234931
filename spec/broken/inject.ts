// Doors that put an error in the way of one call: thrown at once, passed on inline or later, or more than once.

import { type Door, door, type SingleCall } from 'holdfast/steps'

export const manners = ['at once', 'inline', 'from the callback', 'later', 'twice', 'after the result'] as const
export type Manner = (typeof manners)[number]

export interface Injection {
  readonly door: Door
  readonly error: Error
  /** The call that the error was put in the way of. */
  at: SingleCall | undefined
}

/** The first call that `isIt` chooses fails, and is not made. */
export function injecting(manner: Manner, isIt: (call: SingleCall) => boolean): Injection {
  const error: Error = Object.assign(new Error('EIO: injected'), { code: 'EIO', errno: -5, syscall: 'injected' })
  const choose = (call: SingleCall): boolean => {
    if (injection.at || !isIt(call)) return false
    injection.at = call
    // A close that fails has closed all the same.
    if (call.op === 'close' && call.args.length > 0) door.performSync(call)
    return true
  }
  const injection: Injection = {
    error,
    at: undefined,
    door: {
      performSync(call) {
        if (choose(call)) throw error
        return door.performSync(call)
      },
      perform(call, done) {
        if (!choose(call)) return door.perform(call, done)
        if (manner === 'at once') throw error
        if (manner === 'inline') done(error)
        if (manner === 'later') setImmediate(done, error)
        if (manner === 'twice') {
          setImmediate(done, error)
          setImmediate(done, new Error('a second error of one call'))
          setImmediate(done, null, 'a result after the error')
        }
        if (manner === 'after the result') {
          done(error)
          throw new Error('a second error of one call')
        }
        // The callback of the system itself throws.
        if (manner === 'from the callback') {
          let thrown = false
          return door.perform({ op: 'lstat', args: ['/proc/none'] }, again => {
            if (thrown) return done(again)
            thrown = true
            throw error
          })
        }
        return undefined
      },
    },
  }
  return injection
}

/** What escapes from a promise or a callback ends a process. Returns what escaped during `work`. */
export async function escapes(work: () => Promise<unknown>): Promise<unknown[]> {
  const escaped: unknown[] = []
  const note = (error: unknown) => void escaped.push(error)
  process.on('uncaughtException', note).on('unhandledRejection', note)
  try {
    await work()
    // Unhandled rejections are reported after the microtasks.
    await new Promise(resolve => setTimeout(resolve, 5))
  } finally {
    process.off('uncaughtException', note).off('unhandledRejection', note)
  }
  return escaped
}
