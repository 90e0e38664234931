// Gives what is ready at a private name the name of a new generation, and removes what that makes superfluous.

import { isSystemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import { achieve, done } from '../parts/achieve.js'
import { claim } from '../parts/claim.js'
import { discardAll } from '../parts/cleanup.js'
import { duplicate } from '../parts/duplicate.js'
import { syncName } from '../parts/durable.js'
import { type Parents, statVanishedParent, withParents } from '../parts/parents.js'
import { giving, isSpent } from '../parts/publish.js'
import { staged } from '../parts/stage.js'
import type { Blobs } from './blobs.js'
import { know, listGenerations } from './find.js'
import { type Generation, labelOf, pathOf, shardOf } from './layout.js'
import { makeShard } from './shards.js'

/**
 * Makes a link of `from`, or where there are none a copy, and syncs its name as the store is kept. Returns whether this
 * generation stays: if another call has published one of the same digest, all agree on which.
 */
export function* publish(
  blobs: Blobs,
  from: string,
  generation: Generation,
  parents: Parents = { changed: new Set() },
): Steps<boolean> {
  const { root, settings } = blobs
  const path = pathOf(root, generation)
  const shard = shardOf(root, generation.digest)
  if (!blobs.shards.has(shard)) yield* makeShard(blobs, shard, parents)
  if (!(yield* linkNow(from, path)))
    yield* achieve(
      () => withParents(path, parents, () => linkOrCopy(blobs, from, path, generation), from),
      error => statVanishedParent(parents, error, from),
      blobs.trial(path),
    )
  if (settings.durability === 'full') yield* syncName(path, settings.durability, parents)
  try {
    return yield* supersede(blobs, generation)
  } catch (error) {
    // It is published. What is superfluous the next scan removes.
    if (!isSystemError(error)) throw error
    return true
  }
}

/** Usually one call is all. False: that is to be found out. */
export function* linkNow(from: string, to: string): Steps<boolean> {
  try {
    yield* fs.link(from, to)
    return true
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

function* linkOrCopy(blobs: Blobs, from: string, path: string, { digest }: Generation): Steps<true> {
  const trial = blobs.trial(path)
  try {
    yield* claim(from, path, trial)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_NO_HARD_LINKS') throw error
  }
  const synced = blobs.settings.durability !== 'none'
  return yield* staged(
    labelOf(blobs.root, digest),
    to => duplicate(from, to, 'file', { times: false, owner: false, synced }),
    function* (stage) {
      // No other call makes that name, so a rename replaces nothing.
      yield* giving(undefined, path, done(fs.rename(stage.path, path), true), () => isSpent(stage.path))
      stage.spent = true
      return true as const
    },
  )
}

/**
 * Of several generations of one digest and kind the first in order stays. Each call looks after it has published, so the
 * last one sees all of them.
 */
function* supersede(blobs: Blobs, own: Generation): Steps<boolean> {
  const { digest, executable } = own
  let first: Generation | undefined
  const others: Generation[] = []
  for (const one of yield* listGenerations(blobs, digest)) {
    if (one.executable !== executable) continue
    if (first) others.push(one)
    else first = one
  }
  if (first) know(blobs, first)
  if (others.length > 0) yield* discardAll(others.map(one => fs.unlink(pathOf(blobs.root, one))))
  return first === undefined || first.name === own.name
}
