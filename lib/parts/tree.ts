// Names in directories.

import { dirname, sep } from 'node:path'
import type { Entry, Path } from '../core/steps.js'

/** The path of a name in a directory, not normalised. */
export function childPath(dir: Path, { name }: Entry): Path {
  if (typeof dir === 'string' && typeof name === 'string') return dir + sep + name
  return Buffer.concat([Buffer.from(dir as string), Buffer.from('/'), Buffer.from(name as string)])
}

/** The path of the directory that a name is in. */
export function dirOf(path: Path): Path {
  if (typeof path === 'string') return dirname(path)
  // Only POSIX has names that are not text, and they always come with a directory.
  return path.subarray(0, Math.max(1, path.lastIndexOf('/')))
}
