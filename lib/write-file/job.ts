import type { Durability } from '../core/input.js'
import type { FileProgress } from '../core/progress.js'
import type { Trial } from '../parts/achieve.js'
import type { Parents } from '../parts/parents.js'
import type { Permissions } from '../parts/permissions.js'
import type { Source } from '../parts/source.js'

/** A call under way. */
export interface Writing {
  readonly path: string
  readonly source: Source
  readonly permissions: Permissions
  readonly durability: Durability
  readonly follows: boolean
  readonly inPlace: boolean
  readonly keepsLinks: boolean
  readonly parents: Parents | undefined
  readonly trial: Trial
  /** Undefined without `onProgress`. */
  readonly progress: FileProgress | undefined
}
