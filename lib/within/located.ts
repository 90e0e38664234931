// Where the system is to look for a name: in a directory that is open.

import { systemError } from '../core/errors.js'
import type { Path } from '../core/steps.js'
import type { Reached } from './reached.js'

/** A name in an open directory: what one call to the system is about. */
export interface Located {
  /** The path with which the call is made. */
  readonly path: Path
  /** Undefined if it is in a directory that the algorithm has opened itself. */
  readonly above: Reached | undefined
  /** The same as users know it, links on the way resolved. */
  readonly shown: Path
  /** It is the directory itself, so no link can be in its place. */
  readonly isOpen: boolean
  /** The directory was opened for this very call. */
  readonly isFresh: boolean
  readonly place: Place
}

/** Where something was when it was found. */
export interface Place {
  /** How many names are between it and the root. */
  readonly depth: number
  /** These, with all links resolved; undefined if one of them is not valid text. */
  readonly names: readonly string[] | undefined
}

export const below = ({ depth, names }: Place, leaf: Path): Place => ({
  depth: depth + 1,
  names: typeof leaf === 'string' ? names && [...names, leaf] : undefined,
})

/** The place of a directory that is open, or of the one above it. */
export const placeOf = (own: Place, name: string | undefined): Place =>
  name === '..' ? { depth: own.depth, names: own.names?.slice(0, -1) } : own

export function namesOf({ shown, place: { names } }: Located): readonly string[] {
  if (!names)
    throw systemError('EILSEQ', 'readlink', 'the name of the link, or of a directory above, is not UTF-8', shown)
  return names
}
