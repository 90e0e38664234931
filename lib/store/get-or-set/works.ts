// The works of this thread that are under way, so that a call inside of one does not wait for it.

import { registry } from '../../core/disk.js'
import type { Steps } from '../../core/steps.js'
import type { Claimed } from '../claim/watch.js'
import type { Inner } from '../inner.js'
import { keyClaimed } from './errors.js'

let begun = 0
/** By the identities of their values. */
const works = new Map<string, string>()

type Identifying = Pick<Inner<never>, 'identityOf'>

/** A name for a work, which those know that are called inside of it. */
export const newWork = (): string => `getOrSet ${++begun}`

/** The values of these keys are being made. Returns how to say that they are not any more. */
export function beginWork({ identityOf }: Identifying, keys: readonly string[], work: string): () => void {
  const identities = keys.map(identityOf)
  for (const one of identities) works.set(one, work)
  return () => {
    for (const one of identities) if (works.get(one) === work) works.delete(one)
  }
}

/** Calls a user's function. Whatever that calls, now or later, is inside of the work. */
export const inside = <R>(work: string, call: () => R): R => registry.inside(work, call)

interface Waiting {
  readonly inner: Identifying & Pick<Inner<never>, 'backing'>
  readonly key: string
  readonly around: readonly string[]
}

/** Throws if the call would wait for the work that it is inside of. */
export function* refuseItself({ inner, key, around }: Waiting, { claim }: Claimed): Steps<void> {
  const work = works.get(inner.identityOf(key))
  if (work !== undefined && around.includes(work)) throw yield* keyClaimed(inner.backing, key, claim, undefined)
}
