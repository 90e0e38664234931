// Calls of an algorithm that are made together, each below the root (./calls.ts).

import { atOnce, type Call, type Outcome, type Steps } from '../core/steps.js'
import { settle } from './calls.js'
import { prepareOrMiss, type Ready } from './ready.js'
import type { Session } from './session.js'

/** Makes several calls at once, but for those that `makeOne` makes of more than one: these are made before. */
export function* makeTogether(
  calls: readonly Call[],
  session: Session,
  isOne: (call: Call) => boolean,
  makeOne: (call: Call) => Steps<unknown>,
): Steps<Outcome<unknown>[]> {
  session.held.keepsAll = true
  const outcomes: Outcome<unknown>[] = []
  const wave: { readonly at: number; readonly ready: Ready }[] = []
  for (const [at, call] of calls.entries()) {
    const ready = yield* outcomeOf(session, () => (isOne(call) ? prepareOrMiss(call, session) : makeOne(call)))
    if (isOne(call) && 'value' in ready && ready.value) wave.push({ at, ready: ready.value as Ready })
    else outcomes[at] = ready
  }
  const made = yield* session.unstopped(() => atOnce(wave.map(({ ready }) => ready.call)))
  session.held.keepsAll = false
  for (const [number, { at, ready }] of wave.entries()) {
    const call = calls[at] as Call
    outcomes[at] = yield* outcomeOf(session, function* () {
      const settled = yield* settle(call, ready, made[number] as Outcome<unknown>, session)
      return settled ? settled.value : yield* makeOne(call)
    })
  }
  return outcomes
}

/** Each of several calls is made, or not begun: if the whole is stopped meanwhile, no outcome is lost. */
function* outcomeOf(session: Session, steps: () => Steps<unknown>): Steps<Outcome<unknown>> {
  try {
    return { value: yield* session.unstopped(steps) }
  } catch (error) {
    return { error }
  }
}
