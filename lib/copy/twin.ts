import type { Stats } from '../core/stats.js'
import type { Path } from '../core/steps.js'

/** The copy of a file that has several names in the source. */
export interface Twin {
  readonly path: Path
  readonly inode: Stats
}
