// Visits a directory and everything below it: each node is entered before what is in it, and left after all of that.

import type { Entry, Path, Steps } from '../core/steps.js'
import { concurrently, type Task, type Width } from './concurrently.js'

export interface Visitor<N> {
  /** Returns the nodes in this one that are to be visited, too. */
  enter(node: N): Steps<readonly N[]>
  /** Called when every node below this one has been left. */
  leave(node: N): Steps<void>
}

/** Visits `root` and all below it. The calls for several nodes are made together, about `width` at a time. */
export function* visit<N>(root: N, visitor: Visitor<N>, width: Width): Steps<void> {
  const todo: Task[] = []
  todo.push(() => enter({ node: root, above: undefined, open: 0 }, visitor, todo))
  yield* concurrently(todo, width)
}

/** A node that was entered, or soon will be. */
interface Level<N> {
  readonly node: N
  readonly above: Level<N> | undefined
  /** How many of the nodes in it are still to be left. */
  open: number
}

function* enter<N>(level: Level<N>, visitor: Visitor<N>, todo: Task[]): Steps<void> {
  const nodes = yield* visitor.enter(level.node)
  level.open = nodes.length
  if (nodes.length === 0) return yield* leave(level, visitor, todo)
  // Backwards, because the task that is added last starts first.
  for (let at = nodes.length - 1; at >= 0; at--) {
    const inner = { node: nodes[at] as N, above: level, open: 0 }
    todo.push(() => enter(inner, visitor, todo))
  }
}

function* leave<N>(level: Level<N>, visitor: Visitor<N>, todo: Task[]): Steps<void> {
  yield* visitor.leave(level.node)
  const { above } = level
  if (above && --above.open === 0) todo.push(() => leave(above, visitor, todo))
}

/** The path of a name in a directory, not normalised. */
export function childPath(dir: Path, { name }: Entry): Path {
  if (typeof dir === 'string' && typeof name === 'string') return `${dir}/${name}`
  return Buffer.concat([Buffer.from(dir as string), Buffer.from('/'), Buffer.from(name as string)])
}
