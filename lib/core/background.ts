// Steps that go on when the call that began them is over, because nothing else would do what they do.

import type { Door } from './door.js'
import { Drive } from './drive-async.js'
import type { Steps } from './steps.js'
import { setTimeout } from './timers.js'

/** Short enough that what waits for it is done a tenth of a second after the cause of the failure has ended. */
const restMs = 50

/** Runs the steps after a rest, again and again until they do not throw. The timer keeps no process alive. */
export function runLater(steps: () => Steps<void>, door: Door): void {
  const run = (): void => {
    const again = () => runLater(steps, door)
    new Drive({ steps: steps(), deadline: undefined, door, resolve: () => {}, reject: again }).start()
  }
  setTimeout(run, restMs).unref()
}
