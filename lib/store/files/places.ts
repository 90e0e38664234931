// Where keys are.

import { notACell } from '../../cell/transition.js'
import { RecentMap } from '../../core/recent-map.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import type { Trial } from '../../parts/achieve.js'
import { isHashed, nameOf, shardOf } from './names.js'

/** Where a key is. */
export interface Place {
  readonly key: string
  readonly shard: string
  /** Its cell. */
  readonly path: string
  /** The name of the cell is a hash of the key, so the file of a value says the key. */
  readonly isHashed: boolean
  readonly trial: Trial
  /** The cell was seen to be a directory, and not a link. */
  isChecked: boolean
}

export function placeAt(root: string, shard: string, name: string, key: string, isChecked: boolean): Place {
  const path = `${root}/${shard}/${name}`
  return { key, shard, path, isHashed: isHashed(name), trial: { as: 'fileStore', path }, isChecked }
}

/** A place takes about 500 bytes of memory, and some microseconds to work out. */
const mostPlaces = 5000

export class Places {
  readonly #root: string
  readonly #places = new RecentMap<Place>(mostPlaces)
  /** The shards that were seen to be directories. */
  readonly #shards = new Set<string>()

  constructor(root: string) {
    this.#root = root
  }

  of(key: string): Place {
    const known = this.#places.get(key)
    if (known) return known
    const place = placeAt(this.#root, shardOf(key), nameOf(key), key, false)
    this.#places.set(key, place)
    return place
  }

  /** Nothing below the root is followed if it is a link. */
  *check(place: Place): Steps<void> {
    yield* this.checkShard(place)
    yield* refuseLink(place.path)
    place.isChecked = true
  }

  *checkShard({ shard }: Place): Steps<void> {
    if (this.#shards.has(shard)) return
    if (yield* refuseLink(`${this.#root}/${shard}`)) this.#shards.add(shard)
  }
}

/** Returns whether anything is there. */
function* refuseLink(path: string): Steps<boolean> {
  const there = yield* fs.lstat(path, orNothing)
  if (there?.isSymbolicLink()) throw notACell(path, 'it is a link')
  return there !== undefined
}
