// What is in a store: every shard is listed, and every blob looked at.

import { hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Outcome, orNothing, type Steps, together } from '../core/steps.js'
import { concurrently } from '../parts/concurrently.js'
import type { Blobs } from './blobs.js'
import type { Usage } from './contract.js'
import { type Generation, isShard, parseGeneration, pathOf, shardOf } from './layout.js'

/** A file of the store, as it was when it was looked at. */
export interface Seen {
  readonly path: string
  /** Undefined: it is in quarantine. */
  readonly generation: Generation | undefined
  /** What it takes of the disk. */
  readonly bytes: number
  /** Something else keeps its bytes: a lease, or a file that was linked from it. */
  readonly isPinned: boolean
  /**
   * When it was used last (ms since 1970): a link, and a lease, change its ctime, and so does what a read does now and
   * then. Its mtime is left alone, because files that are linked from it have the same.
   */
  readonly usedMs: number
}

/** How many shards are listed at a time, and how many files are looked at together. */
const width = 16
const batch = 64

export function* scan(blobs: Blobs): Steps<Seen[]> {
  const found: Seen[] = []
  const shards = (yield* namesIn(`${blobs.root}/blobs`)).filter(isShard)
  yield* concurrently(
    shards.reverse().map(shard => () => lookAll(found, yieldNames(blobs, shard))),
    width,
  )
  const bad = (yield* namesIn(`${blobs.root}/bad`)).flatMap(name => (parseGeneration(name) ? [name] : []))
  yield* lookAll(found, function* () {
    return bad.map(name => ({ path: `${blobs.root}/bad/${name}`, generation: undefined }))
  })
  return found
}

type Named = Pick<Seen, 'path' | 'generation'>

const yieldNames = (blobs: Blobs, shard: string) =>
  function* (): Steps<Named[]> {
    return (yield* namesIn(`${blobs.root}/blobs/${shard}`)).flatMap(name => {
      const generation = parseGeneration(name)
      // A name that is in the wrong place was not put there by a store.
      if (!generation || !shardOf('', generation.digest).endsWith(`/${shard}`)) return []
      return [{ path: pathOf(blobs.root, generation), generation }]
    })
  }

/** The names in a directory; none if it is missing. */
export function* namesIn(dir: string): Steps<string[]> {
  try {
    return yield* fs.readdir(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

function* lookAll(found: Seen[], list: () => Steps<Named[]>): Steps<void> {
  const names = yield* list()
  for (let at = 0; at < names.length; at += batch) {
    const some = names.slice(at, at + batch)
    const outcomes = yield* together(some.map(({ path }) => fs.lstat(path, orNothing)))
    for (const [nth, one] of some.entries()) {
      const outcome = outcomes[nth] as Outcome<Stats | undefined>
      if ('error' in outcome) throw outcome.error
      if (outcome.value?.isFile()) found.push(seenAs(one, outcome.value))
    }
  }
}

const blockBytes = 512

/** How many bytes of the disk a file takes. Where the system does not say, those that it has. */
export const takenBy = ({ size, blocks }: Stats): number =>
  blocks === undefined || (blocks === 0n && size > 0n) ? Number(size) : Number(blocks) * blockBytes

const seenAs = (named: Named, stats: Stats): Seen => ({
  ...named,
  bytes: takenBy(stats),
  isPinned: stats.nlink > 1n,
  // A clock that was set back makes times of the future: such a blob was used just now.
  usedMs: Math.min(Number(stats.ctimeMs), Date.now()),
})

export function usageOf(all: readonly Seen[]): Usage {
  const sum = { count: 0, bytes: 0, pinned: 0, pinnedBytes: 0, bad: 0, badBytes: 0 }
  for (const { generation, isPinned, bytes } of all) {
    if (!generation) {
      sum.bad++
      sum.badBytes += bytes
    } else if (isPinned) {
      sum.pinned++
      sum.pinnedBytes += bytes
    } else {
      sum.count++
      sum.bytes += bytes
    }
  }
  return sum
}
