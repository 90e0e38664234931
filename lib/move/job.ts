import type { Durability } from '../core/input.js'
import type { Trial } from '../parts/achieve.js'
import type { Discard } from '../parts/delete-tree.js'

/** A call under way. */
export interface Moving {
  readonly from: string
  readonly to: string
  readonly overwrite: boolean | 'with-gap'
  readonly parents: boolean
  readonly durability: Durability
  readonly how: Discard
  /** How that is deleted which nobody asked about. */
  readonly quiet: Discard
  readonly trial: Trial
}
