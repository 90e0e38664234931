// What an eviction removes.

import { keyOf } from './blobs.js'
import type { Limits } from './options.js'
import { type Seen, usageOf } from './scan.js'

/**
 * First what is superfluous, and what was not used for too long; then, if there is too much, what is in quarantine, and
 * what was not used for longest.
 */
export function victims(all: readonly Seen[], limits: Limits | undefined): readonly Seen[] {
  const extra = superfluous(all)
  const free = all.filter(({ isPinned }) => !isPinned)
  return limits ? overLimits(all, free, extra, limits) : free.filter(one => extra.has(one))
}

function overLimits(
  all: readonly Seen[],
  free: readonly Seen[],
  extra: ReadonlySet<Seen>,
  limits: Limits,
): readonly Seen[] {
  const { maxBytes, maxCount, evictBytes, maxAgeMs } = limits
  const { bytes, count, pinned, pinnedBytes, bad, badBytes } = usageOf(all)
  const left = { bytes: bytes + badBytes, count: count + bad }
  const chosen = new Set<Seen>()
  const choose = (one: Seen): void => {
    chosen.add(one)
    left.bytes -= one.bytes
    left.count--
  }
  // What is pinned may be given back at any moment, and no put would notice.
  const isOver = (): boolean => left.bytes + pinnedBytes > maxBytes || left.count + pinned > maxCount
  const isRoomy = (): boolean =>
    (maxBytes === none || left.bytes <= maxBytes - evictBytes) &&
    (maxCount === none || left.count <= maxCount - Math.ceil(maxCount / 10))
  for (const one of free) if (extra.has(one) || Date.now() - one.usedMs > maxAgeMs) choose(one)
  if (!isOver()) return [...chosen]
  const inOrder = free
    .filter(one => !chosen.has(one))
    .sort((one, other) => isKept(one) - isKept(other) || one.usedMs - other.usedMs || compare(one, other))
  for (const one of inOrder) {
    if (isRoomy()) break
    choose(one)
  }
  return [...chosen]
}

/** What is in quarantine goes first. */
const isKept = ({ generation }: Seen): number => (generation ? 1 : 0)

const none = Number.POSITIVE_INFINITY
const compare = (one: Seen, other: Seen): number => (one.path < other.path ? -1 : 1)

/** Of several generations of one digest and kind, all but the first in order (./publish.ts). */
function superfluous(all: readonly Seen[]): ReadonlySet<Seen> {
  const first = new Map<string, Seen>()
  const extra = new Set<Seen>()
  for (const one of all) {
    if (!one.generation) continue
    const key = keyOf(one.generation.digest, one.generation.executable)
    const other = first.get(key)
    if (!other || one.path < other.path) first.set(key, one)
    if (other) extra.add(one.path < other.path ? other : one)
  }
  return extra
}
