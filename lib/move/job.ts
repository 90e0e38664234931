import type { Durability } from '../core/input.js'
import type { Trial } from '../parts/achieve.js'
import { type DeleteJob, silently } from '../parts/delete-tree.js'

export interface Moving {
  readonly from: string
  readonly to: string
  readonly overwrite: boolean | 'with-gap'
  readonly parents: boolean
  readonly durability: Durability
  /** How many things at a time are copied and deleted across devices, and what is called for each. */
  readonly deletion: DeleteJob
  readonly trial: Trial
}

/** Deletions that the caller did not ask about are not reported. */
export const quiet = ({ deletion }: Moving): DeleteJob => silently(deletion.concurrency)
