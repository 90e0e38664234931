// Where a blob is.

import { hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { type Blobs, type Found, keyOf, miss } from './blobs.js'
import { type Generation, parseGeneration, pathOf, shardOf } from './layout.js'

/** The generations of a digest that are there, in an order on which all processes agree. */
export function* generationsOf(blobs: Blobs, digest: string): Steps<Generation[]> {
  const shard = shardOf(blobs.root, digest)
  // To ask whether it is there costs less than the error of a listing.
  if (!blobs.shards.has(shard) && !(yield* fs.lstat(shard, orNothing))) return []
  // The few names in it are in use: that is said each time, because it is forgotten.
  yield* fs.hot(shard)
  return yield* listGenerations(blobs, digest)
}

/** The same of a shard that was said to be in use a moment ago. */
export function* listGenerations(blobs: Blobs, digest: string): Steps<Generation[]> {
  const shard = shardOf(blobs.root, digest)
  let names: string[]
  try {
    names = yield* fs.readdir(shard)
    blobs.shards.add(shard)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    blobs.shards.delete(shard)
    return []
  }
  const found: Generation[] = []
  for (const name of names) {
    const one = name.startsWith(digest) ? parseGeneration(name) : undefined
    if (one) found.push(one)
  }
  return found.length > 1 ? found.sort(byName) : found
}

const byName = (one: Generation, other: Generation): number => (one.name < other.name ? -1 : 1)

/** Looks where a blob is. Of several generations all callers take the first, because the others are about to be removed. */
export function* look(blobs: Blobs, digest: string, executable: boolean | undefined): Steps<Found | undefined> {
  const all = yield* generationsOf(blobs, digest)
  const found = all.find(one => one.executable === (executable ?? false))
  if (found) return know(blobs, found)
  const other = executable === undefined ? all[0] : undefined
  return other && { path: pathOf(blobs.root, other), generation: other }
}

/** Notes where a blob is. */
export function know({ known, root }: Blobs, generation: Generation): Found {
  const key = keyOf(generation.digest, generation.executable)
  const before = known.get(key)
  if (before?.generation.name === generation.name) return before
  const found: Found = { path: pathOf(root, generation), generation }
  known.set(key, found)
  return found
}

/**
 * Returns the generation that is there, as far as this call can know. `executable`: of that kind; undefined: of any.
 */
export function* find(blobs: Blobs, digest: string, executable?: boolean): Steps<Found | undefined> {
  const known = blobs.known.get(keyOf(digest, executable ?? false))
  if (known && (yield* fs.lstat(known.path, orNothing))) return known
  return yield* look(blobs, digest, executable)
}

/**
 * Makes steps that return the path of a blob, each time anew: where it was a moment ago, then where a look finds it, or
 * where this store object has leased it. They throw `miss` if it is nowhere.
 */
export function finder(blobs: Blobs, digest: string, executable?: boolean): () => Steps<Found> {
  let tries = 0
  return function* () {
    const key = keyOf(digest, executable ?? false)
    const known = tries++ === 0 ? blobs.known.get(key) : undefined
    if (known) return known
    blobs.known.delete(key)
    const found = yield* look(blobs, digest, executable)
    if (found) return found
    const pin = yield* leased(blobs, digest, executable)
    if (pin) return pin
    throw miss
  }
}

/** Where this store object has leased a blob. Another process may have removed the whole store, with all leases. */
export function* leased({ pins }: Blobs, digest: string, executable?: boolean): Steps<Found | undefined> {
  for (const pin of pins.get(digest) ?? []) {
    const isWanted = executable === undefined || pin.generation.executable === executable
    if (isWanted && (yield* fs.lstat(pin.path, orNothing))) return pin
  }
  return undefined
}
