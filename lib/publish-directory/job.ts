import type { Durability } from '../core/input.js'
import type { Publication } from '../core/publication.js'
import type { Trial } from '../parts/achieve.js'
import type { Parents } from '../parts/parents.js'

/** What `build` gets besides the directory. */
export interface BuildWork {
  /** Aborted as soon as the version is not wanted any more: the call was stopped, or its time is over. */
  readonly signal: AbortSignal
}

export type Build = (dir: string, work: BuildWork) => unknown

/** A call under way. */
export interface Publishing {
  readonly path: string
  readonly build: Build
  readonly keep: number
  readonly graceMs: number
  readonly replace: boolean
  readonly durability: Durability
  readonly parents: Parents | undefined
  readonly trial: Trial
  readonly publication: Publication
}
