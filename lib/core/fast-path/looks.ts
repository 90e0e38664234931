// What looks at names have shown: a name that was looked at a moment ago is in the kernel's memory.

import { agingMs, lastReadMs, wasUsed } from '../moment.js'
import type { Stats } from '../stats.js'
import type { KnownPath, Look } from './known-paths.js'

/** Returns the look, if it was a moment ago. */
export const fresh = (look: Look | undefined): Look | undefined => (look && wasUsed(look.atMs) ? look : undefined)

/**
 * Notes a look at the name itself, or one that followed it, and returns it; undefined if there was one a moment ago, because in
 * one go the same names are often looked at again.
 */
export function noteLook(name: KnownPath, kind: 'look' | 'followed', stats: Stats): Look | undefined {
  const dev = Number(stats.dev)
  const known = name[kind]
  if (known && known.dev === dev && wasUsed(known.atMs, agingMs)) return undefined
  const look = { dev, at: stats.isSymbolicLink() ? name.above : name.path, atMs: lastReadMs() }
  name[kind] = look
  return look
}

/** `to` is the inode that `from`, which was looked at, is or was. */
export function noteSame(from: KnownPath, look: Look, to: KnownPath): void {
  to.look = { ...look, at: look.at === from.path ? to.path : to.above }
}
