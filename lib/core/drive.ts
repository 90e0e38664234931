// Runs steps that a user has written. The functions of this package are run in the same way (./dual.ts).

import { deadlineOf } from './deadline.js'
import { door as realDoor } from './disk.js'
import type { Door } from './door.js'
import { Drive } from './drive-async.js'
import { runSync } from './drive-sync.js'
import type { Patience } from './input.js'
import type { Steps } from './steps.js'

export interface DriveOptions extends Patience {
  /** What makes the calls: the disk, or an object that wraps it and puts faults in its way. @default `door` */
  readonly door?: Door | undefined
}

/**
 * Runs steps, and returns a promise for what they return.
 *
 * Holds afterwards: the steps have come to their end, whatever went wrong in a call: each error was thrown into them, so
 * every `finally` has run. Only after `signal` or `timeout` have ended the call, and the steps have not come to their end
 * within 50 ms (in a long clean-up, or in a call that the system does not give back), they go on in the background.
 *
 * @param steps The steps of an algorithm, which no other driver has begun.
 * @param options `signal` and `timeout` are obeyed between any two calls, and during waits. `retryFor` limits how long a
 *   call waits for a free descriptor (EMFILE), and how long one step is retried, unless that was said where the steps were made.
 *
 * @example
 * const faulty: Door = {
 *   ...door,
 *   perform: (call, done) => (call.op === 'fsync' ? void done(error) : door.perform(call, done)),
 * }
 * const { code } = await drive(writeFile.steps('f', 'x'), { door: faulty }).catch(thrown => thrown) // EIO
 */
export const drive = <T>(steps: Steps<T>, options: DriveOptions = {}): Promise<T> =>
  new Promise((resolve, reject) => {
    const { door = realDoor, retryFor } = options
    new Drive({ steps, deadline: deadlineOf(options), door, retryFor, resolve, reject }).start()
  })

/**
 * Runs steps in the calling thread, and returns what they return.
 *
 * @param steps The steps of an algorithm, which no other driver has begun.
 * @param options `timeout` is obeyed between any two calls. `retryFor`: as above.
 */
export const driveSync = <T>(steps: Steps<T>, options: DriveOptions = {}): T =>
  runSync(steps, deadlineOf(options), options.door ?? realDoor, options.retryFor)
