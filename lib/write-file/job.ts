import type { Durability } from '../core/input.js'
import type { FileProgress } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import type { Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import type { Parents } from '../parts/parents.js'
import type { Permissions } from '../parts/permissions.js'
import type { Source } from '../parts/source.js'

/** What a face does on the way, because the package whose surface it has does so, or lets its users do so. */
export interface StageHooks {
  /** Is called when what has the name was looked at, and may return steps. What it throws is the error of the call. */
  readonly found?: ((at: string, there: Stats | undefined) => Steps<unknown> | undefined) | undefined
  /** Makes the name of the private file. */
  readonly nameOf?: ((target: string) => Steps<string>) | undefined
  /** Runs when it is there, and empty. */
  readonly created?: ((path: string) => Steps<unknown>) | undefined
  /** If the file cannot be published, it stays. */
  readonly keepsFailed?: boolean | undefined
}

/** A call under way. */
export interface Writing {
  readonly path: string
  readonly source: Source
  /** A face may have others. */
  permissions: Permissions
  readonly durability: Durability
  readonly follows: boolean
  readonly inPlace: boolean
  readonly keepsLinks: boolean
  readonly parents: Parents | undefined
  readonly trial: Trial
  /** Undefined without `onProgress`. */
  readonly progress: FileProgress | undefined
  /** Undefined but for faces. */
  hooks: StageHooks | undefined
}
