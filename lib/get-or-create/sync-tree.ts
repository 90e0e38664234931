// A whole directory on the disk, before its name appears.

import type { Durability } from '../core/input.js'
import { type Entry, fs, type Path, type Steps } from '../core/steps.js'
import { syncDir, syncFile } from '../parts/durable.js'
import { visit, within } from '../parts/tree.js'

interface Node {
  readonly path: Path
  readonly kind: Entry['kind']
}

/**
 * Waits for the disk: `file`, for the data of every file in it; `full`, for every name, too. Links lead elsewhere, and are
 * not followed. `meanwhile` is run again and again, because a large one takes long.
 */
export function* syncTree(dir: string, durability: Durability, meanwhile: () => Steps<void>): Steps<void> {
  if (durability === 'none') return
  const enter = (node: Node) => come(node, meanwhile)
  const leave = (node: Node) => go(node, durability)
  yield* visit<Node>({ path: dir, kind: 'directory' }, { enter, leave }, 64)
}

function* come({ path, kind }: Node, meanwhile: () => Steps<void>): Steps<readonly Node[]> {
  yield* meanwhile()
  if (kind === 'file') yield* syncFile(path)
  if (kind !== 'directory') return []
  return (yield* fs.list(path)).map(entry => ({ path: within(path, entry), kind: entry.kind }))
}

function* go({ path, kind }: Node, durability: Durability): Steps<void> {
  if (kind === 'directory' && durability === 'full') yield* syncDir(path)
}
