// The directories that blobs are spread over.

import { dirname } from 'node:path'
import { hasCode, isSystemError } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import type { Parents } from '../parts/parents.js'
import type { Blobs } from './blobs.js'

/**
 * Makes a shard, unless it was seen to be there. Returns whether this call has made it: then it was empty a moment ago. If it
 * cannot be made, what comes next does it, or says why.
 */
export function* makeShard(blobs: Blobs, shard: string, { changed }: Parents): Steps<boolean> {
  if (blobs.shards.has(shard)) return false
  let isMade = false
  try {
    // To ask whether it is there costs less than the error of a mkdir.
    if (!(yield* fs.lstat(shard, orNothing))) {
      yield* fs.mkdir(shard)
      isMade = true
      changed.add(dirname(shard))
    }
    blobs.shards.add(shard)
    yield* fs.hot(shard)
  } catch (error) {
    if (!isSystemError(error)) throw error
    if (hasCode(error, 'EEXIST')) blobs.shards.add(shard)
  }
  return isMade
}
