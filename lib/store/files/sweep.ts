// What no state names, and what has ended.

import { commitClear } from '../../cell/commit.js'
import { hasCode, isSystemError } from '../../core/errors.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { concurrently } from '../../parts/concurrently.js'
import { sweep } from '../../sweep.js'
import { isSpent } from '../expiry.js'
import type { Cells, FileKept } from './kept.js'
import { directoriesIn, shardsOf } from './listing.js'
import { isHashed, keyOf } from './names.js'
import { type Place, placeAt } from './places.js'

const width = 32

/**
 * Removes private names of the dead, files that no state names, directories of keys without a state, and claims of the dead
 * on keys without a value. Returns how many.
 */
export function* sweepStore(cells: Cells): Steps<number> {
  const { root } = cells
  if (!(yield* fs.stat(root, orNothing))) return 0
  const swept: string[] = yield* sweepUnlessGone(root)
  for (const shard of yield* shardsOf(root)) {
    swept.push(...(yield* sweepUnlessGone(`${root}/${shard}`)))
    const places = (yield* keysIn(root, shard)).map(name => placeAt(root, shard, name, '', true))
    yield* concurrently(
      places.map(place => () => sweepCell(cells, place, swept)),
      width,
    )
  }
  return swept.length
}

/** Another process may remove the whole store at any moment. */
function* sweepUnlessGone(dir: string): Steps<string[]> {
  try {
    return yield* sweep.steps(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

/** The names of all that may be a key's cell. */
function* keysIn(root: string, shard: string): Steps<string[]> {
  return (yield* directoriesIn(`${root}/${shard}`)).filter(name => isHashed(name) || keyOf(name) !== undefined)
}

function* sweepCell(cells: Cells, place: Place, swept: string[]): Steps<void> {
  const kept = yield* cells.readPlace(place)
  const isAbandoned = kept?.kind === 'none' && kept.claim !== undefined
  const isRemoved = kept ? isAbandoned && (yield* removeSpent(place, kept)) : yield* removeEmpty(place.path)
  if (isRemoved) swept.push(place.path)
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

/**
 * Looks at some keys beside one, and removes those that have ended: best effort, and for a moment. That begins when the names
 * are known: otherwise nothing would ever go where it takes longer to list them, as in a large store on a busy machine.
 */
export function* sweepNeighbours(cells: Cells, { shard, path }: Place): Steps<void> {
  try {
    const names = yield* keysIn(cells.root, shard)
    const sinceMs = yield* fs.now()
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
