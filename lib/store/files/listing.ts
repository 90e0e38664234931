// All keys of a store: a shard at a time, and in it many cells at a time.

import { hasCode } from '../../core/errors.js'
import { type Entry, fs, type Steps } from '../../core/steps.js'
import { concurrently } from '../../parts/concurrently.js'
import type { Kept, Page } from '../backing.js'
import { type Cells, keptOf, readKey } from './kept.js'
import { isHashed, isShard, keyOf, nameOf } from './names.js'
import { type Place, placeAt } from './places.js'

/** How many cells are read at a time. */
const width = 32

export function* shardsOf(root: string): Steps<string[]> {
  return (yield* directoriesIn(root)).filter(isShard).sort()
}

/** The names of what is a directory itself, and not a link to one. */
export function* directoriesIn(dir: string): Steps<string[]> {
  let entries: Entry[]
  try {
    entries = yield* fs.list(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
  return entries.flatMap(({ name, kind }) => (kind === 'directory' && typeof name === 'string' ? [name] : []))
}

export function* listShard(cells: Cells, shard: string, prefix: string): Steps<Page['entries']> {
  const entries: (readonly [string, Kept])[] = []
  const tasks = (yield* directoriesIn(`${cells.root}/${shard}`)).flatMap(name => {
    const key = isHashed(name) ? undefined : keyOf(name)
    if (key === undefined ? !isHashed(name) : !key.startsWith(prefix)) return []
    return [() => readInto(entries, cells, placeAt(cells.root, shard, name, key ?? '', true), prefix)]
  })
  yield* concurrently(tasks, width)
  return entries
}

function* readInto(entries: (readonly [string, Kept])[], cells: Cells, place: Place, prefix: string): Steps<void> {
  const found = yield* readKeyed(cells, place)
  if (found?.[0].startsWith(prefix)) entries.push(found)
}

/** Where the name does not say the key, the file of the state does. */
function* readKeyed(cells: Cells, place: Place): Steps<readonly [string, Kept] | undefined> {
  const kept = yield* cells.readPlace(place)
  if (!kept) return undefined
  if (!place.isHashed) return [place.key, kept]
  const key = yield* readKey(place, kept.state)
  if (key === undefined || !place.path.endsWith(`/${nameOf(key)}`)) return undefined
  return [key, keptOf({ ...place, key }, kept.state)]
}
