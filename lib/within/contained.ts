// Runs an algorithm below the root: it says absolute paths that begin with the root's own, and each of its calls is made
// from there (./following.ts).

import { publishingAs } from '../core/publication.js'
import { type Call, fs, type Outcome, type Steps } from '../core/steps.js'
import { givesBack, isWait } from '../core/traits.js'
import { ignoreRejection, isThenable } from '../core/wait.js'
import { makeCall } from './following.js'
import type { Counted } from './limits.js'
import { namingRelatively } from './names.js'
import { begin, end, type Root } from './root.js'
import { Session } from './session.js'

interface How<T> {
  /** Which things count towards the limit. @default 'none' */
  readonly counted?: Counted | undefined
  /** What users get for what the algorithm returns. */
  readonly result?: ((value: T) => T) | undefined
}

export const contained = <T>(root: Root, steps: Steps<T>, how: How<T> = {}): Steps<T> =>
  publishingAs(steps, run(root, steps, how))

function* run<T>(root: Root, steps: Steps<T>, { counted = 'none', result }: How<T>): Steps<T> {
  begin(root)
  const session = new Session(root, counted)
  try {
    const value = yield* relay(steps, session)
    return result ? result(value) : value
  } catch (error) {
    throw namingRelatively(error, root.path)
  } finally {
    yield* session.end()
    end(root)
  }
}

function* relay<T>(steps: Steps<T>, session: Session): Steps<T> {
  let isFirst = true
  let next = steps.next()
  while (!next.done) {
    let outcome: Outcome<unknown>
    try {
      outcome = { value: yield* make(next.value, session, isFirst) }
    } catch (error) {
      outcome = { error }
    }
    isFirst = false
    next = 'error' in outcome ? steps.throw(outcome.error) : steps.next(outcome.value)
  }
  return next.value
}

/**
 * What gives something back is never interrupted, and neither is the way to it. An interruption that comes meanwhile is
 * thrown instead of the next call that can be interrupted.
 */
function* make(call: Call, session: Session, isFirst: boolean): Steps<unknown> {
  session.held.begin()
  try {
    if (call.op === 'later') return yield* goOnLater(session.root, call.args[0] as () => Steps<void>)
    if (!isFirst && givesBack(call)) return yield* session.unstopped(() => makeCall(call, session))
    const stopped = session.takeStop()
    if (stopped) {
      // Nothing waits for the promise now.
      if (call.op === 'settle') ignoreRejection(call.args[0])
      throw stopped.error
    }
    if (isWait(call) && (call.op !== 'settle' || isThenable(call.args[0]))) yield* giveBackBefore(call, session)
    return yield* makeCall(call, session)
  } finally {
    session.held.keepsAll = false
    yield* session.held.close()
  }
}

/** What goes on in the background is made from the root, too, which stays open until that is done. */
function* goOnLater(root: Root, steps: () => Steps<void>): Steps<void> {
  begin(root)
  yield* fs.later(function* () {
    yield* contained(root, steps())
    end(root)
  })
}

/** What waits for other calls must not keep them from the descriptors that they need. */
function* giveBackBefore({ args: [awaited] }: Call, session: Session): Steps<void> {
  // It may be rejected before anything waits for it.
  ignoreRejection(awaited)
  yield* session.held.close(0)
}
