// Removes what is over the limits. One process does so at a time, which only saves work: what is removed is removed by its
// exact name, which is never used again.

import { hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { ignoreLoss, isAboutLock, release } from '../lock/hold.js'
import { acquire } from '../lock/obtain.js'
import { asLocking } from '../lock/options.js'
import { cleaningUp } from '../parts/cleanup.js'
import { concurrently } from '../parts/concurrently.js'
import { sweep } from '../sweep.js'
import type { Reserved } from './batch.js'
import { type Blobs, keyOf } from './blobs.js'
import type { Evicted } from './contract.js'
import { noteEvicted } from './evicted.js'
import { leasesOf } from './layout.js'
import { removeFile } from './remove.js'
import { isDue, note, type Retrying, readReserved } from './reserve.js'
import { type Seen, scan, usageOf } from './scan.js'
import { victims } from './victims.js'

/**
 * Waits until no other process evicts, and then does. `isWanted`: asked once that is so. A lock that is lost meanwhile, as
 * when the whole store is removed, costs work at most.
 */
export function* evictInTurn(
  blobs: Blobs,
  isWanted: (now: Reserved | undefined) => boolean = () => true,
  { retryFor }: Retrying = {},
): Steps<Evicted | undefined> {
  const hold = yield* acquire(asLocking(`${blobs.root}/evict`, { parents: true, retryFor }, 'contentStore'))
  try {
    return isWanted(yield* readReserved(blobs, { retryFor })) ? yield* evictNow(blobs, { retryFor }) : undefined
  } finally {
    yield* cleaningUp(() => ignoreLoss(release(hold)))
  }
}

/** Evicts if what was reserved says so. If that cannot be done, the next call tries it. */
export function* evictIfDue(blobs: Blobs, now: Reserved | undefined): Steps<void> {
  const { limits } = blobs
  if (!limits || (now && !isDue(now, limits))) return
  try {
    yield* evictInTurn(blobs, one => !one || isDue(one, limits))
  } catch (error) {
    if (!isAboutLock(error)) throw error
  }
}

export function* evictNow(blobs: Blobs, patience: Retrying): Steps<Evicted> {
  const before = yield* readReserved(blobs, patience)
  // Leases of dead processes keep nothing.
  yield* sweepIfThere(blobs.root, patience)
  yield* sweepIfThere(leasesOf(blobs.root), patience)
  const { left, gone } = yield* removeVictims(blobs)
  const usage = usageOf(left)
  const bytes = usage.bytes + usage.pinnedBytes + usage.badBytes
  yield* note(blobs, before, { bytes, count: left.length }, patience)
  yield* noteEvicted(blobs, gone, usage, patience)
  return { count: gone.length, bytes: gone.reduce((sum, one) => sum + one.bytes, 0), left: usage }
}

/** How many blobs are removed at a time. */
const width = 16

/** Looks at every blob, and removes what is over the limits. */
export function* removeVictims(blobs: Blobs): Steps<{ left: readonly Seen[]; gone: readonly Seen[] }> {
  const all = yield* scan(blobs)
  const gone = new Set<Seen>()
  const tasks = victims(all, blobs.limits).map(
    one =>
      function* (): Steps<void> {
        if (yield* evictOne(blobs, one)) gone.add(one)
      },
  )
  yield* concurrently([...tasks].reverse(), width)
  return { left: all.filter(one => !gone.has(one)), gone: [...gone] }
}

export function* sweepIfThere(dir: string, { retryFor }: Retrying): Steps<void> {
  try {
    yield* sweep.steps(dir, { retryFor })
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

/** What was used for a second or more after the scan has looked at it stays. */
const slackMs = 1000

/** Returns whether this call has removed it. */
function* evictOne(blobs: Blobs, { path, generation, usedMs }: Seen): Steps<boolean> {
  const now = yield* fs.lstat(path, orNothing)
  if (!now || now.nlink > 1n || Number(now.ctimeMs) - usedMs >= slackMs) return false
  if (!(yield* removeFile(blobs, path))) return false
  if (generation) blobs.known.delete(keyOf(generation.digest, generation.executable))
  return true
}
