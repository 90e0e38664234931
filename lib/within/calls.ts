// Every call of an algorithm is made so that it stays below the root, whatever other processes put on its way: each name
// that it says is looked up in an open directory, and no link at its end is followed by the system. So nothing depends
// on how careful the algorithm is.

import { hasCode } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import { type Call, fs, type OpenFlags, type Outcome, type Path, type Steps } from '../core/steps.js'
import { isAway } from '../parts/directory-handle.js'
import type { Located } from './located.js'
import { mayMiss, nameIn, prepareOrMiss, type Ready } from './ready.js'
import { refuseMounted } from './root.js'
import type { Session } from './session.js'

/** Makes a call that follows no link. */
export function* makeUnfollowed(call: Call, session: Session): Steps<unknown> {
  for (;;) {
    const ready = yield* prepareOrMiss(call, session)
    if (!ready) return undefined
    const outcome = yield* outcomeOf(ready.call)
    if ('error' in outcome && isInterruption(outcome.error)) {
      if (ready.counts) session.budget.release()
      throw outcome.error
    }
    // What was made is made, and the algorithm must know it.
    const settled = yield* session.unstopped(() => settle(call, ready, outcome, session))
    if (settled) return settled.value
  }
}

function* outcomeOf(call: Call): Steps<Outcome<unknown>> {
  try {
    return { value: yield call }
  } catch (error) {
    return { error }
  }
}

/** What a call has come to. Undefined if it must be made again. */
export function* settle(
  call: Call,
  { located, counts }: Ready,
  outcome: Outcome<unknown>,
  session: Session,
): Steps<{ readonly value: unknown } | undefined> {
  const { op, args } = call
  if ('error' in outcome) {
    const isStale = hasCode(outcome.error, 'ENOENT') && (yield* session.forgetRemoved(located))
    if (counts) session.budget.release()
    if (isStale) return undefined
    throw session.name(outcome.error, located)
  }
  let { value } = outcome
  if (!value && op === 'lstat' && (yield* session.forgetRemoved(located))) return undefined
  const target = located.at(-1)
  try {
    if (op === 'open' && target) yield* noteOpen(args[1] as OpenFlags, value as number, located, session)
    else yield* session.assertUnmoved(located)
  } catch (error) {
    if (!isAway(error)) throw error
    if (isLook(call) && (yield* session.forgetRemoved(located))) return undefined
    const isMissing = !hasCode(error, 'EAGAIN')
    // What was renamed has gone with its directory, and cannot be renamed again.
    if (!isMissing || !(mayMiss(call) || op === 'rename')) throw error
    value = undefined
  }
  if (op === 'rename' && target) yield* session.renamed(args as [Path, Path], target)
  if (op === 'readlink' && target) session.lastLink = String(target.shown)
  if (op === 'close') session.closed(args[0] as number)
  if (target) session.budget.note(call, nameIn(call), value, counts)
  return { value }
}

/** It changes nothing, so it can be made again where a directory on the way was another one meanwhile. */
const isLook = ({ op, args: [, flags] }: Call): boolean =>
  op === 'lstat' || op === 'readlink' || (op === 'open' && /^r( |$)/.test(String(flags)))

/** What comes from elsewhere, or may, is closed again. */
function* noteOpen(flags: OpenFlags, fd: number, located: readonly Located[], session: Session): Steps<void> {
  const { shown, place } = located.at(-1) as Located
  session.own.set(fd, place)
  try {
    // What was there before may be mounted.
    if (!flags.includes('x')) yield* refuseMounted(session.root, { fd, was: undefined }, shown)
    yield* session.assertUnmoved(located)
  } catch (error) {
    if (isInterruption(error)) throw error
    session.closed(fd)
    yield* fs.close(fd)
    throw error
  }
}
