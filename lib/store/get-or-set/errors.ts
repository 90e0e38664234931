// The errors of getOrSet.

import type { Steps } from '../../core/steps.js'
import type { Backing, Claim } from '../backing.js'

/** Whose call is making a value. */
export interface ClaimHolder {
  /** The thread, as the engine spells it. */
  readonly owner: string
  readonly fence: number
  /** undefined: that cannot be known here. */
  readonly alive: boolean | undefined
}

/** The error of a call that did not wait for another one, or not any longer. `cause`: its time-out, if it had one. */
export function* keyClaimed(
  { claims }: Backing,
  key: string,
  { owner, fence }: Claim,
  cause: Error | undefined,
): Steps<Error> {
  const isOwn = owner === (yield* claims.self())
  const alive = isOwn || (yield* claims.alive(owner))
  const holder: ClaimHolder = { owner, fence, alive }
  const who = isOwn ? 'another call of this thread' : `${owner}, ${lifeOf(alive)}`
  const message = `Another call is making the value of ${JSON.stringify(key)}: ${who} (fence ${fence})`
  return Object.assign(new Error(message, cause && { cause }), { code: 'ERR_KEY_CLAIMED', key, holder })
}

const lifeOf = (alive: boolean | undefined): string =>
  alive === undefined ? 'which may or may not be alive' : alive ? 'which is alive' : 'which is dead'

/** Another call has taken the claim over: what is being made is not wanted any more. */
export const claimLost = (key: string, { fence }: Claim): Error =>
  Object.assign(
    new Error(`Another process has taken over the making of the value of ${JSON.stringify(key)} (fence ${fence})`),
    {
      code: 'ERR_CLAIM_LOST',
      key,
    },
  )
