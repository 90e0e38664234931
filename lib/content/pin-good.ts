// A blob that is there already is kept only if it is whole.

import type { Steps } from '../core/steps.js'
import type { Parents } from '../parts/parents.js'
import { type Blobs, keyOf, type Pin } from './blobs.js'
import { look } from './find.js'
import { quarantine } from './heal.js'
import { shardOf } from './layout.js'
import { pin, unpin } from './leases.js'
import { isGood } from './read.js'
import { makeShard } from './shards.js'

/**
 * Leases a blob that is to be put, if it is there, and has its bytes; undefined if there is none. One that is damaged is put
 * into quarantine.
 */
export function* pinGood(blobs: Blobs, digest: string, executable: boolean, parents: Parents): Steps<Pin | undefined> {
  for (;;) {
    // Usually it is not there, or known; then no lease is tried in vain. In a shard that this call has made, nothing is.
    if (!blobs.known.get(keyOf(digest, executable))) {
      if (yield* makeShard(blobs, shardOf(blobs.root, digest), parents)) return undefined
      if (!(yield* look(blobs, digest, executable))) return undefined
    }
    const pinned = yield* pin(blobs, digest, executable)
    if (!pinned) return undefined
    try {
      if (yield* isGood(blobs, pinned)) return pinned
      yield* quarantine(blobs, pinned.generation)
    } catch (error) {
      yield* unpin([pinned.path])
      throw error
    }
    yield* unpin([pinned.path])
  }
}
