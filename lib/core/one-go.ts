// Steps of the promise form that are run in one go, in the calling thread. If that takes long, the rest of their calls is made
// as always: so the event loop loses the length of one call at most.

import type { Alphabet, Call } from './alphabet.js'
import { asFailure, type Done, isFailure } from './done.js'
import { performSync } from './drive-sync.js'
import { monotonicMs } from './moment.js'
import type { Running } from './running.js'
import type { Steps } from './steps.js'
import { isWait } from './traits.js'

/** Milliseconds after which no further call is made in the calling thread. */
const longestGoMs = 4

/** Runs the steps, if the door finds that this is quick. `start` begins to drive steps. */
export function runInOneGo(
  call: Call,
  { door, deadline, retryFor }: Pick<Running<unknown>, 'door' | 'deadline' | 'retryFor'>,
  start: (running: Running<unknown>) => void,
  done: Done,
): void {
  const [paths, steps, like] = call.args as Parameters<Alphabet['inOneGo']>
  const note = (tookMs: number) => void door.perform({ op: 'quick', args: [paths, like, tookMs] }, () => {})
  const make = (one: Call) => performSync(one, door, undefined)
  const ends = {
    resolve: (value: unknown) => done(null, { value }),
    reject: (error: unknown) => done(asFailure(error)),
  }
  door.perform({ op: 'quick', args: [paths, like] }, (error, isQuick) => {
    // The door may have waited for the next turn of the event loop.
    const failure = isFailure(error) ? error : deadline?.interruption(call)
    if (isFailure(failure) || !isQuick) done(failure)
    else start({ steps: hurried(steps(), make, note), door, deadline: undefined, retryFor, ...ends })
  })
}

/** Calls with which the thread would wait for others; the question whether it would; and what only the driver knows. */
const mayBlock = (call: Call): boolean => isWait(call) || call.op === 'blocking' || call.op === 'retryFor'

/** The same steps: as long as there is time, `make` makes their calls. `note` is called when no more are made so. */
function* hurried(
  steps: Steps<unknown>,
  make: (call: Call) => unknown,
  note: (tookMs: number) => void,
): Steps<unknown> {
  const beganMs = monotonicMs()
  let isQuick = true
  const slowDown = () => {
    if (isQuick) note(monotonicMs() - beganMs)
    isQuick = false
  }
  try {
    let next = steps.next()
    while (!next.done) {
      if (mayBlock(next.value) || monotonicMs() - beganMs >= longestGoMs) slowDown()
      let value: unknown
      try {
        value = isQuick ? make(next.value) : yield next.value
      } catch (error) {
        next = steps.throw(error)
        continue
      }
      next = steps.next(value)
    }
    return next.value
  } finally {
    slowDown()
  }
}
