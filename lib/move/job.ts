// What `move` was asked for.

import type { Durability } from '../core/input.js'
import type { Path } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import { type DeleteJob, silently } from '../parts/delete-job.js'
import type { Parents } from '../parts/parents.js'
import type { IsOurs } from '../parts/placed.js'

/** A call under way. */
export interface Moving {
  readonly from: string
  readonly to: string
  readonly overwrite: boolean | 'with-gap'
  readonly parents: Parents | undefined
  readonly durability: Durability
  /** How many things at a time are copied to another device or deleted, and what is called for each. */
  readonly deletion: DeleteJob
  readonly trial: Trial
  /** What had the target's name, and was set aside, until something new is in place. */
  readonly replaced: Replaced[]
}

/** What had the target's name. */
export interface Replaced {
  /** Where it is now. */
  at: Path
  readonly isOurs: IsOurs | undefined
  /** Something new is in place, and this has a private name, or is gone. */
  isDebris: boolean
}

/** Deletions are not reported: the caller asked about the move. */
export const quiet = ({ deletion }: Moving): DeleteJob => silently(deletion.concurrency)
