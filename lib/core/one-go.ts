// Steps of the promise form that are run in one go: from the first call to the last, in the calling thread.

import type { Alphabet, Call } from './alphabet.js'
import { callBack, type Done, isFailure } from './done.js'
import { runSync } from './drive-sync.js'
import type { Running } from './running.js'

/** Runs the steps, if the door finds that this is quick. */
export function runInOneGo(
  call: Call,
  { door, deadline }: Pick<Running<unknown>, 'door' | 'deadline'>,
  done: Done,
): void {
  const [dirs, things, steps] = call.args as Parameters<Alphabet['inOneGo']>
  const go = () => {
    const beganMs = performance.now()
    try {
      return { value: runSync(steps(), undefined, door) }
    } finally {
      door.perform({ op: 'quick', args: [dirs, things, performance.now() - beganMs] }, () => {})
    }
  }
  door.perform({ op: 'quick', args: [dirs, things] }, (error, isQuick) => {
    // The door may have waited for the next turn of the event loop.
    const failure = isFailure(error) ? error : deadline?.interruption(call)
    if (isFailure(failure) || !isQuick) done(failure)
    else callBack(go, done)
  })
}
