// The directories that blobs are spread over.

import { dirname } from 'node:path'
import { hasCode, isSystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import type { Parents } from '../parts/parents.js'
import type { Blobs } from './blobs.js'

/**
 * Makes a shard, unless it was seen to be there. Returns whether this call has made it: then it was empty a moment ago. If it
 * cannot be made, what comes next does it, or says why.
 */
export function* makeShard(blobs: Blobs, shard: string, { changed }: Parents): Steps<boolean> {
  if (blobs.shards.has(shard)) {
    yield* fs.hot(shard)
    return false
  }
  try {
    yield* fs.mkdir(shard)
    changed.add(dirname(shard))
    yield* blobs.noteShard(shard)
    return true
  } catch (error) {
    if (!isSystemError(error)) throw error
    if (hasCode(error, 'EEXIST')) yield* blobs.noteShard(shard)
    return false
  }
}
