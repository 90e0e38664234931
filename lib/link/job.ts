// What `link` was asked for, and what has come of it so far.

import type { FileProgress } from '../core/progress.js'
import type { Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import type { Parents } from '../parts/parents.js'

/** What is to be linked. A function is called again for each try, because the file may have moved. */
export type Existing = string | URL | (() => string | URL | PromiseLike<string | URL>)

export type Linked = 'linked' | 'already' | 'copied'

export interface Linking {
  /** Finds the file, again for each try; undefined: it stays at `from`. */
  readonly resolve: (() => Steps<string>) | undefined
  /** Where the file is: what `resolve` returned last. */
  from: string
  readonly to: string
  readonly tries: number
  readonly backoff: number
  readonly replace: boolean
  readonly copies: boolean
  readonly parents: Parents | undefined
  readonly trial: Trial
  readonly progress: FileProgress | undefined
  /** How many times the source was missing. */
  missed: number
  /** When the copy was to be published, something had the name. */
  taken: boolean
}
