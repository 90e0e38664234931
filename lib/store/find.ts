// What is there, as users see it, and the exact state behind that.

import type { Steps } from '../core/steps.js'
import { happened } from '../parts/happenings.js'
import type { Kept } from './backing.js'
import type { Entry, Gone } from './contract.js'
import { isLive, isTombstone } from './expiry.js'
import type { Inner } from './inner.js'

export interface Found<T> {
  readonly kept: Kept | undefined
  readonly entry: Entry<T> | Gone | undefined
}

/** Reads a key. `'moved'`: its value was replaced between the reading of the state and that of the value. */
export function* find<T>(inner: Inner<T>, key: string): Steps<Found<T> | 'moved'> {
  return yield* asFound(inner, key, yield* inner.backing.read(key))
}

/** Reads the value of a state that was read. */
export function* asFound<T>(inner: Inner<T>, key: string, kept: Kept | undefined): Steps<Found<T> | 'moved'> {
  return foundIn(inner, key, kept, isLive(kept) ? yield* kept.data() : undefined)
}

/** What a state says, and its value, if it has one that has not expired. */
export function foundIn<T>(
  inner: Inner<T>,
  key: string,
  kept: Kept | undefined,
  bytes: Uint8Array | 'moved' | 'damaged' | undefined,
): Found<T> | 'moved' {
  if (kept === undefined || bytes === undefined) return { kept, entry: isTombstone(kept) ? goneOf(kept) : undefined }
  if (bytes === 'moved') return 'moved'
  if (bytes !== 'damaged') return { kept, entry: entryOf(kept, decode(inner, key, kept, bytes)) }
  // It is as if it were not there. The state is known all the same, so the next change replaces exactly that.
  inner.note('damaged', key)
  happened('holdfast:bad-value', { key, version: kept.version })
  return { kept, entry: undefined }
}

export const entryOf = <T>({ version, writtenAtMs, endsAtMs }: Kept, value: T): Entry<T> => ({
  value,
  version,
  written: writtenAtMs,
  expires: endsAtMs,
  gone: false,
})

export const goneOf = ({ version, endsAtMs }: Kept): Gone => ({
  version,
  until: endsAtMs ?? Number.POSITIVE_INFINITY,
  gone: true,
})

function decode<T>({ codec }: Inner<T>, key: string, { version }: Kept, bytes: Uint8Array): T {
  try {
    return codec.decode(bytes)
  } catch (cause) {
    const message = `The codec cannot read the value: ${JSON.stringify(key)} (remove it with ifVersion to repair that)`
    throw Object.assign(new Error(message, { cause }), { code: 'ERR_BAD_VALUE', key, version })
  }
}
