// Engines by a clock that a test sets.

import type { Steps } from 'holdfast/steps'
import { type Backing, fileStore, type Kept, openStore, type Store } from 'holdfast/store'
import { innerOf } from '../../lib/store/inner.js'
import { memoryBacking } from '../../lib/store/memory.js'
import { over } from '../../lib/store/over.js'
import { just } from './stores.js'

/** A clock that stands still until it is set. */
export interface Clock {
  nowMs: number
}

/** The same engine, which reads that clock. Its states are those of the engine, so they can be committed from. */
export function clocked(backing: Backing, clock: Clock): Backing {
  function* seen<K extends Kept | undefined>(reading: Steps<K>): Steps<K> {
    const kept = yield* reading
    return kept && { ...kept, readAtMs: clock.nowMs }
  }
  const { recall, list } = backing
  return over(backing, {
    read: key => seen(backing.read(key)),
    ...(recall && { recall: (key: string) => seen(recall.call(backing, key)) }),
    *list(prefix, cursor) {
      const page = yield* list.call(backing, prefix, cursor)
      return { ...page, entries: page.entries.map(([key, kept]) => [key, { ...kept, readAtMs: clock.nowMs }] as const) }
    },
    now: () => just(clock.nowMs),
  })
}

export const memoryAt = (clock: Clock): Store<unknown> => openStore(memoryBacking(() => clock.nowMs))

/** `gc: 'manual'`: the store removes nothing by the machine's own clock. */
export const filesAt = (dir: string, clock: Clock): Store<unknown> =>
  openStore(clocked(innerOf(fileStore(dir, { durability: 'none', gc: 'manual' })).backing, clock))
