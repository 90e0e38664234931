// The way through a directory and those below, one after the other. Each is opened in the one above, so that a link put
// in the place of a directory leads nowhere. However deep they are, at most four descriptors are open: the topmost
// directory, the one that is looked at, the one above it, and one to list it.

import { isSystemError } from '../core/errors.js'
import { type Entry, fs, type Steps } from '../core/steps.js'
import { reopenAbove } from './directory-above.js'
import { assertUnmoved, close, nameAsShown, type OpenDirectory, putAway } from './directory-handle.js'
import { openIn, type Root, reachFrom, type Step } from './reach.js'

/** A directory, as it can be found again. */
export interface Place {
  /** Undefined of the topmost. */
  readonly inside: { readonly above: Place; readonly entry: Entry } | undefined
  /** What the names in it are shown with. */
  readonly prefix: string
}

export const placeIn = (above: Place, entry: Entry): Place => ({
  inside: { above, entry },
  prefix: `${above.prefix}${entry.name}/`,
})

/** Returns the directories in this one that are to be looked at, too. */
type Look = (dir: OpenDirectory, place: Place) => Steps<readonly Place[]>

interface Level {
  readonly place: Place
  /** Open if it is the last one, or the topmost. Undefined if it cannot be found again. */
  dir: OpenDirectory | undefined
  readonly todo: Place[]
}

interface Walk {
  readonly root: Root
  readonly way: Level[]
  readonly look: Look
  readonly fail: (error: unknown) => void
}

/** Looks at a directory and at those below. `fail` gets the errors of those below. */
export function* walkDown(top: OpenDirectory, look: Look, fail: (error: unknown) => void): Steps<Root> {
  const place: Place = { inside: undefined, prefix: '' }
  const todo = [...(yield* look(top, place))]
  const root: Root = { top, isHeld: top.fd !== undefined }
  if (todo.length > 0 && top.fd !== undefined) top.was ??= yield* fs.fstat(top.fd)
  const walk: Walk = { root, way: [{ place, dir: top, todo }], look, fail }
  try {
    while (yield* lookAtNext(walk));
  } finally {
    for (const { dir } of walk.way) if (dir && dir !== top) yield* close(dir)
  }
  return root
}

/** Returns false when all were looked at. */
function* lookAtNext(walk: Walk): Steps<boolean> {
  const here = walk.way.at(-1) as Level
  const place = here.todo.pop()
  if (place && here.dir) yield* enter(place, here.dir, walk)
  else if (walk.way.length > 1) yield* goUp(walk)
  else return false
  return true
}

function* enter(place: Place, above: OpenDirectory, { root, way, look, fail }: Walk): Steps<void> {
  let dir: OpenDirectory | undefined
  try {
    yield* assertUnmoved(above)
    dir = yield* openIn(above, place.inside as Step)
    const todo = [...(yield* look(dir, place))]
    if (todo.length === 0) return
    if (above !== root.top) yield* putAway(above)
    way.push({ place, dir, todo })
  } catch (error) {
    nameAsShown(error, dir)
    fail(nameAsShown(error, above))
  } finally {
    if (dir && way.at(-1)?.dir !== dir) yield* close(dir)
  }
}

/** If another process has moved the directory meanwhile, the one above is reached from the topmost. */
function* goUp({ root, way, fail }: Walk): Steps<void> {
  const { dir } = way.pop() as Level
  const above = way.at(-1) as Level
  const isAbove = dir !== undefined && (yield* leadsTo(dir, above.dir as OpenDirectory))
  if (dir) yield* close(dir)
  if (isAbove) return
  try {
    above.dir = above.place.inside ? yield* reach(root, above.place) : root.top
  } catch (error) {
    above.dir = undefined
    fail(error)
  }
}

function* leadsTo(dir: OpenDirectory, above: OpenDirectory): Steps<boolean> {
  try {
    yield* reopenAbove(dir, above)
    return true
  } catch (error) {
    if (isSystemError(error)) return false
    yield* close(dir)
    throw error
  }
}

/** Opens a directory that was found, on the way on which it was found. */
export function* reach(root: Root, place: Place): Steps<OpenDirectory> {
  const way: Step[] = []
  for (let at = place; at.inside; at = at.inside.above) way.push(at.inside)
  return yield* reachFrom(root, way.reverse())
}
