// Everything below a directory, each level before what is in it and again after it.

import type { Entry, Path, Steps } from '../core/steps.js'
import { concurrently, type Task } from './concurrently.js'

export interface Visitor<N> {
  /** Comes to a node; answers what is below it, and shall be visited too. */
  enter(node: N): Steps<readonly N[]>
  /** All below it is done. */
  leave(node: N): Steps<void>
}

/** Visits a node and all below it, at most `width` nodes at a time. */
export function* visit<N>(root: N, visitor: Visitor<N>, width: number): Steps<void> {
  const todo: Task[] = []
  todo.push(() => enter({ node: root, above: undefined, left: 0 }, visitor, todo))
  yield* concurrently(todo, width)
}

/** A node under way. */
interface Level<N> {
  readonly node: N
  readonly above: Level<N> | undefined
  /** How many below it are not done. */
  left: number
}

function* enter<N>(level: Level<N>, visitor: Visitor<N>, todo: Task[]): Steps<void> {
  const below = yield* visitor.enter(level.node)
  level.left = below.length
  if (below.length === 0) return yield* leave(level, visitor, todo)
  // What is added last comes first.
  for (let at = below.length - 1; at >= 0; at--) {
    const inner = { node: below[at] as N, above: level, left: 0 }
    todo.push(() => enter(inner, visitor, todo))
  }
}

function* leave<N>(level: Level<N>, visitor: Visitor<N>, todo: Task[]): Steps<void> {
  yield* visitor.leave(level.node)
  const { above } = level
  if (above && --above.left === 0) todo.push(() => leave(above, visitor, todo))
}

/** The path of what has that name in a directory, not normalised. */
export function childPath(dir: Path, { name }: Entry): Path {
  if (typeof dir === 'string' && typeof name === 'string') return `${dir}/${name}`
  return Buffer.concat([Buffer.from(dir as string), Buffer.from('/'), Buffer.from(name as string)])
}
