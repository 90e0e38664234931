// What no state names, and what has ended.

import { commitClear } from '../../cell/commit.js'
import { hasCode, isSystemError } from '../../core/errors.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { concurrently } from '../../parts/concurrently.js'
import { sweep } from '../../sweep.js'
import { isSpent } from '../expiry.js'
import type { Cells, FileKept } from './kept.js'
import { directoriesIn, shardsOf } from './listing.js'
import { type Place, placeAt } from './places.js'

const width = 32

/**
 * Removes private names of the dead, files that no state names, directories of keys without a state, and claims of the dead
 * on keys without a value. Returns how many.
 */
export function* sweepStore(cells: Cells): Steps<number> {
  const { root } = cells
  if (!(yield* fs.stat(root, orNothing))) return 0
  let removed = (yield* sweep.steps(root)).length
  for (const shard of yield* shardsOf(root)) {
    removed += (yield* sweep.steps(`${root}/${shard}`)).length
    const places = (yield* keysIn(root, shard)).map(name => placeAt(root, shard, name, '', true))
    const tasks = places.map(
      place =>
        function* (): Steps<void> {
          if (yield* sweepCell(cells, place)) removed++
        },
    )
    yield* concurrently(tasks, width)
  }
  return removed
}

function* keysIn(root: string, shard: string): Steps<string[]> {
  return (yield* directoriesIn(`${root}/${shard}`)).filter(name => !name.startsWith('.'))
}

function* sweepCell(cells: Cells, place: Place): Steps<boolean> {
  const kept = yield* cells.readPlace(place)
  if (!kept) return yield* removeEmpty(place.path)
  return kept.kind === 'none' && kept.claim !== undefined && (yield* removeSpent(place, kept))
}

/** What a process has left that was killed while it removed a key. If a state comes meanwhile, it stays. */
function* removeEmpty(dir: string): Steps<boolean> {
  try {
    yield* fs.rmdir(dir)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) return false
    throw error
  }
}

/** Removes exactly this state, if it has nothing more to say. */
function* removeSpent(place: Place, kept: FileKept): Steps<boolean> {
  const { claim } = kept
  const isAbandoned = claim !== undefined && (yield* fs.alive(claim.owner)) === false
  if (!isSpent(isAbandoned ? { ...kept, claim: undefined } : kept)) return false
  return yield* commitClear(place.path, kept.state, place.trial, 'none')
}

const mostNeighbours = 64
const mostMs = 5

/** Looks at some keys beside one, and removes those that have ended: best effort, and for a moment. */
export function* sweepNeighbours(cells: Cells, { shard, path }: Place): Steps<void> {
  const sinceMs = yield* fs.now()
  try {
    const names = yield* keysIn(cells.root, shard)
    const at = names.findIndex(name => path.endsWith(`/${name}`))
    const neighbours = [...names.slice(at + 1), ...names.slice(0, at)].slice(0, mostNeighbours)
    for (const name of neighbours) {
      if ((yield* fs.now()) - sinceMs >= mostMs) return
      const place = placeAt(cells.root, shard, name, '', true)
      const kept = yield* cells.readPlace(place)
      if (kept) yield* removeSpent(place, kept)
    }
  } catch (error) {
    if (!isSystemError(error) && !isOfCell(error)) throw error
  }
}

const isOfCell = (error: unknown): boolean =>
  ['ERR_NOT_A_CELL', 'ERR_UNKNOWN_OUTCOME'].includes((error as NodeJS.ErrnoException).code ?? '')
