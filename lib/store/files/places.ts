// Where keys are.

import { notACell } from '../../cell/transition.js'
import { isSystemError } from '../../core/errors.js'
import { RecentMap } from '../../core/recent-map.js'
import type { Stats } from '../../core/stats.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { achieve, noEvidence, type Trial } from '../../parts/achieve.js'
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

  /** Nothing below the root is followed if it is a link. Returns whether anything is there. */
  *check(place: Place): Steps<boolean> {
    if (!(yield* this.checkShard(place))) return false
    const isThere = yield* refuseLink(place.path, place.trial)
    place.isChecked = isThere
    return isThere
  }

  *checkShard({ shard, trial }: Place): Steps<boolean> {
    if (this.#shards.has(shard)) return true
    const path = `${this.#root}/${shard}`
    if (!(yield* refuseLink(path, trial))) return false
    yield* fs.hot(path)
    this.#shards.add(shard)
    return true
  }
}

/** Returns whether anything is there. */
function* refuseLink(path: string, trial: Trial): Steps<boolean> {
  const there = yield* look(path, trial)
  if (there?.isSymbolicLink()) throw notACell(path, 'it is a link')
  return there !== undefined
}

function* look(path: string, trial: Trial): Steps<Stats | undefined> {
  try {
    // Usually one look is enough, and `achieve` around it would cost as much again.
    return yield* fs.lstat(path, orNothing)
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
  const looked = yield* achieve(
    function* () {
      return { there: yield* fs.lstat(path, orNothing) }
    },
    noEvidence,
    trial,
  )
  return looked.there
}
