// How a path is looked up: what is read on the way, and where it leads, in the state in which the world is now.

import { lstatSync, readlinkSync } from 'node:fs'
import type { Ground } from './ground.js'

/** The set of names in a directory. It goes by the inode: when the directory is renamed, it is still the same set. */
export const namesIn = (at: string, ground: Ground): string[] =>
  ground
    .inodesAt(ground.root + at)
    .slice(0, 1)
    .map(inode => `names:${inode}`)

/**
 * The binding of a name: by its path; and where directories are open, also by the directory that it is in, because that
 * may have been moved since one of two calls was seen.
 */
export function nameKeys(at: string, parent: string, ground: Ground): string[] {
  const inDirectory = ground.held ? ground.inodesAt(ground.root + parent).slice(0, 1) : []
  return [`name:${at}`, ...inDirectory.map(inode => `in:${inode}${at.slice(at.lastIndexOf('/'))}`)]
}

interface Walk {
  /** The names that were looked up on the way; the last one is that of the path itself. */
  readonly reads: string[]
  /** The path from the root of the world, without links on the way. */
  readonly at: string
  readonly parent: string
}

/** Looks up a path as the system does: name by name, through every link on the way, and through a last one if `follow`. */
export function walk(path: string, ground: Ground, follow: boolean): Walk {
  const reads = ['modes']
  const through = follow || path.endsWith('/')
  const held = ground.directoryOf(path)
  if (held) reads.push(`place:${held.inode}`)
  const ahead = names(held ? held.rest : path.slice(ground.root.length))
  // What was removed is nowhere, and nothing can be in it.
  let at = held ? (held.place ?? `/?${held.inode}`) : ''
  let parent = at
  for (let links = 0; ahead.length > 0; ) {
    const name = ahead.shift() as string
    if (name === '..') {
      if (ground.held) reads.push(...ground.inodesAt(ground.root + at).map(number => `place:${number}`))
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')))
      continue
    }
    parent = at
    at = `${at}/${name}`
    reads.push(...nameKeys(at, parent, ground))
    const target = ground.linked && (through || ahead.length > 0) ? linkAt(ground.root + at) : undefined
    if (target === undefined || ++links > 40) continue
    if (target.startsWith(ground.root)) at = ''
    else at = parent
    ahead.unshift(...names(target.startsWith(ground.root) ? target.slice(ground.root.length) : target))
  }
  return { reads, at, parent }
}

const names = (path: string): string[] => path.split(/[\\/]/).filter(name => name !== '' && name !== '.')

function linkAt(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined
  } catch {
    return undefined
  }
}
