// Brings a whole directory to the disk, before its name appears.

import type { Durability } from '../core/input.js'
import { type Entry, fs, type Path, type Steps } from '../core/steps.js'
import { syncDir, syncFile } from '../parts/durable.js'
import { childPath, visit } from '../parts/tree.js'

interface Node {
  readonly path: Path
  readonly kind: Entry['kind']
}

/**
 * Syncs the data of every file in the directory; with `full`, also every directory. Links are not followed, because
 * they lead elsewhere. `meanwhile` runs again and again, because a large directory takes long.
 */
export function* syncTree(dir: string, durability: Durability, meanwhile: () => Steps<void>): Steps<void> {
  if (durability === 'none') return
  const visitor = { enter: (node: Node) => enter(node, meanwhile), leave: (node: Node) => leave(node, durability) }
  yield* visit({ path: dir, kind: 'directory' }, visitor, 64)
}

function* enter({ path, kind }: Node, meanwhile: () => Steps<void>): Steps<readonly Node[]> {
  yield* meanwhile()
  if (kind === 'file') yield* syncFile(path)
  if (kind !== 'directory') return []
  return (yield* fs.list(path)).map(entry => ({ path: childPath(path, entry), kind: entry.kind }))
}

function* leave({ path, kind }: Node, durability: Durability): Steps<void> {
  if (kind === 'directory' && durability === 'full') yield* syncDir(path)
}
