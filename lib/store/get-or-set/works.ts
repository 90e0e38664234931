// The works of this thread that are under way, so that a call inside of one does not wait for it.

import { registry } from '../../core/disk.js'
import type { Steps } from '../../core/steps.js'
import type { Backing } from '../backing.js'
import type { Claimed } from '../claim/watch.js'
import { keyClaimed } from './errors.js'

let begun = 0
const worksOf = new WeakMap<Backing, Map<string, string>>()

/** A name for a work, which those know that are called inside of it. */
export const newWork = (): string => `getOrSet ${++begun}`

/** The values of these keys are being made. Returns how to say that they are not any more. */
export function beginWork(backing: Backing, keys: readonly string[], work: string): () => void {
  const works = worksOf.get(backing) ?? new Map<string, string>()
  worksOf.set(backing, works)
  for (const key of keys) works.set(key, work)
  return () => {
    for (const key of keys) if (works.get(key) === work) works.delete(key)
  }
}

/** Calls a user's function. Whatever that calls, now or later, is inside of the work. */
export const inside = <R>(work: string, call: () => R): R => registry.inside(work, call)

interface Waiting {
  readonly inner: { readonly backing: Backing }
  readonly key: string
  readonly around: readonly string[]
}

/** Throws if the call would wait for the work that it is inside of. */
export function* refuseItself({ inner: { backing }, key, around }: Waiting, { claim }: Claimed): Steps<void> {
  const work = worksOf.get(backing)?.get(key)
  if (work !== undefined && around.includes(work)) throw yield* keyClaimed(backing, key, claim, undefined)
}
