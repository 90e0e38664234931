// Names in directories.

import type { Entry, Path } from '../core/steps.js'

/** The path of a name in a directory, not normalised. */
export function childPath(dir: Path, { name }: Entry): Path {
  if (typeof dir === 'string' && typeof name === 'string') return `${dir}/${name}`
  return Buffer.concat([Buffer.from(dir as string), Buffer.from('/'), Buffer.from(name as string)])
}
