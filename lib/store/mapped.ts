// A backing whose keys have other names in the backing below it. Both `prefix` and `scope` are one.

import type { Steps } from '../core/steps.js'
import type { Backing, Draft, Kept, Page } from './backing.js'
import { checkKey, mostWholeBytes } from './keys.js'
import { isUnknownOutcome, unknownOutcome } from './unknown-outcome.js'

/** A key with what is put before it. */
export function longer(before: string, key: string): string {
  const whole = before + key
  checkKey(whole, 'key', mostWholeBytes)
  return whole
}

/** Commits at the whole key. An error that must name the key names the one by which the caller knows it. */
export function* commitAt(
  below: Backing,
  whole: string,
  key: string,
  from: Kept | undefined,
  to: Draft | undefined,
): Steps<Kept | 'removed' | 'moved'> {
  try {
    return yield* below.commit(whole, from, to)
  } catch (error) {
    throw isUnknownOutcome(error) ? unknownOutcome(key, from, to, error.cause) : error
  }
}

/** A page of the keys below `before`, without that. */
export function* listBelow(below: Backing, before: string, prefix: string, cursor: unknown): Steps<Page> {
  const page = yield* below.list(before + prefix, cursor)
  return { ...page, entries: page.entries.map(([key, kept]) => [key.slice(before.length), kept] as const) }
}
