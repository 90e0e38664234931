// What a key's state is to a call: a value that is good enough, an old one, or none.

import type { Steps } from '../../core/steps.js'
import { happened } from '../../parts/happenings.js'
import type { Kept } from '../backing.js'
import type { Entry } from '../contract.js'
import { isLive } from '../expiry.js'
import { entryOf } from '../find.js'
import type { Inner } from '../inner.js'
import type { Job } from './job.js'

export interface Sight<T> {
  readonly now: Kept | undefined
  /** Good enough for the call. */
  readonly fresh: Entry<T> | undefined
  /** Not good enough, and within `stale`. */
  readonly old: Entry<T> | undefined
}

/** For how long (ms) the value lives yet, as the engine said when it was read; negative: since when it has expired. */
const leftMs = ({ endsAtMs = Number.POSITIVE_INFINITY, readAtMs }: Kept): number => endsAtMs - readAtMs

/** Looks at a state, and reads the key again if that has another one meanwhile. */
export function* look<T>(job: Job<T>, first: Kept | undefined): Steps<Sight<T>> {
  const { inner, key, refused, staleMs } = job
  for (let now = first; ; now = yield* inner.backing.read(key)) {
    const isFresh = isLive(now) && now.version !== refused
    // Where reads are off, every call finds nothing.
    if (now?.kind !== 'live' || !inner.reads || !(isFresh || leftMs(now) + staleMs > 0))
      return { now, fresh: undefined, old: undefined }
    const entry = yield* asEntry(inner, key, now)
    if (entry === 'moved') continue
    return isFresh ? { now, fresh: entry, old: undefined } : { now, fresh: undefined, old: entry }
  }
}

/**
 * The value of a state, as an entry. undefined: it is damaged, or no value of the codec, so it is to be made anew. `moved`: it
 * was replaced meanwhile.
 */
export function* asEntry<T>(inner: Inner<T>, key: string, now: Kept): Steps<Entry<T> | 'moved' | undefined> {
  const data = yield* now.data()
  if (data === 'moved') return 'moved'
  if (data === 'damaged') {
    inner.note('damaged', key)
    happened('holdfast:bad-value', { key, version: now.version })
    return undefined
  }
  try {
    return entryOf(now, inner.codec.decode(data))
  } catch {
    return undefined
  }
}
