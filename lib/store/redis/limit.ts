// A hit of a limiter: one script, by the server's clock.

import { isInterruption } from '../../core/interruption.js'
import type { Steps } from '../../core/steps.js'
import { nonces } from '../../parts/stage-names.js'
import type { Counted, CountedHit } from '../backing.js'
import type { Part } from '../limiter/rule.js'
import { Tries } from '../remote/pause.js'
import { unknownOutcome } from '../unknown-outcome.js'
import { asReplyBytes } from './client.js'
import { failureOf } from './failures.js'
import { counted, limitScriptFor } from './limit-script.js'
import { foreign } from './scripts.js'
import type { RedisServer } from './server.js'
import { foreignFormat } from './state.js'

/** Sends the hit until it is known whether it was judged. One that may have been counted is not sent again. */
export function* countHit(server: RedisServer, key: string, hit: CountedHit): Steps<Counted> {
  const id = yield* nonces()
  const args = argumentsOf(id, hit)
  const script = limitScriptFor(hit.parts)
  // What changes nothing is asked again where a reply is lost.
  if (hit.cost === 0) {
    const send = () => server.evaluate(script, server.names.of(key), args)
    return countedIn(server, key, yield* server.look(send))
  }
  const tries = new Tries(server.limits.retryForMs)
  for (;;) {
    try {
      return countedIn(server, key, yield* server.run(script, key, args))
    } catch (error) {
      const kind = isInterruption(error) || server.connection.isOver() ? 'refused' : failureOf(error)
      if (kind === 'refused') throw error
      if (kind === 'in doubt') throw unknownOutcome(key, undefined, { id }, error)
      yield* tries.again(error)
    }
  }
}

export const argumentsOf = (id: string, { parts, cost, isCounted }: CountedHit): string[] => [
  id,
  `${cost}`,
  isCounted ? '1' : '',
  ...ruleOf(parts),
]

const rules = new WeakMap<readonly Part[], readonly string[]>()

/** The arguments that each hit of a limiter has. */
function ruleOf(parts: readonly Part[]): readonly string[] {
  const known = rules.get(parts)
  if (known) return known
  const rule = parts.flatMap(({ letter, limit, perMs, offsetMs, drain }) => [
    letter,
    `${limit}`,
    `${perMs}`,
    `${offsetMs}`,
    `${drain}`,
  ])
  rules.set(parts, rule)
  return rule
}

function countedIn(server: RedisServer, key: string, [status, now, text]: readonly unknown[]): Counted {
  if (Number(status) === foreign) throw foreignFormat(key)
  return {
    clockMs: server.clock.heard(now),
    before: asReplyBytes(text),
    isCounted: Number(status) === counted,
  }
}
