// Removes a blob that no process has leased.

import { fs, orNothing, type Steps } from '../core/steps.js'
import { syncDir } from '../parts/durable.js'
import { sameInode } from '../parts/identity.js'
import { unlinkOnce } from '../parts/remove-once.js'
import { ownerOf, stageNameIn } from '../parts/stage-names.js'
import { type Blobs, keyOf } from './blobs.js'
import { generationsOf } from './find.js'
import { type Generation, isLeaseOf, leasesOf, pathOf, shardOf } from './layout.js'
import { namesIn } from './scan.js'

/** Returns whether this call removed it. */
export function* remove(blobs: Blobs, digest: string): Steps<boolean> {
  const all = yield* generationsOf(blobs, digest)
  if (all.length === 0 || (yield* isLeased(blobs, digest, all))) return false
  let isRemoved = false
  // Exactly these generations: what comes after them stays.
  for (const one of all) if (yield* removeFile(blobs, pathOf(blobs.root, one))) isRemoved = true
  for (const executable of [false, true]) blobs.known.delete(keyOf(digest, executable))
  blobs.promisedMs.delete(digest)
  if (blobs.settings.durability === 'full') yield* syncDir(shardOf(blobs.root, digest))
  return isRemoved
}

/** Returns whether this call removed a file of the store. */
export const removeFile = (blobs: Blobs, path: string): Steps<boolean> =>
  unlinkOnce(path, blobs.trial(path), () => stageNameIn(leasesOf(blobs.root), 'removed'))

/** Leases of dead processes keep nothing. */
function* isLeased(blobs: Blobs, digest: string, all: readonly Generation[]): Steps<boolean> {
  const dir = leasesOf(blobs.root)
  for (const name of yield* namesIn(dir)) {
    const isOfIt = isLeaseOf(name, digest)
    const owner = isOfIt ? ownerOf(name) : undefined
    if (owner === undefined || (yield* fs.alive(owner)) === false) continue
    if (isOfIt === true || (yield* isOneOf(`${dir}/${name}`, blobs, all))) return true
  }
  return false
}

/** What was written before its digest was known has a name that does not say it. */
function* isOneOf(lease: string, blobs: Blobs, all: readonly Generation[]): Steps<boolean> {
  const was = yield* fs.lstat(lease, orNothing)
  for (const one of all) if (sameInode(yield* fs.lstat(pathOf(blobs.root, one), orNothing), was)) return true
  return false
}
