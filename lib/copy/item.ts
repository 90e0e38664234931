// One thing that is copied. Its paths lead to names in directories that are open, so they are good for calls only while
// those are; errors and the caller's functions are given the paths that the caller knows.

import type { FileProgress } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import type { Entry, Path } from '../core/steps.js'
import { type OpenDirectory, pathIn } from '../parts/directory-handle.js'
import { childPath } from '../parts/tree.js'

/** The copy of a file that has several names in the source. */
export interface Twin {
  readonly path: Path
  readonly inode: Stats
}

/** The paths of the topmost thing. */
export interface Paths {
  readonly from: Path
  /** Where that leads, if links are followed. @default from */
  readonly at?: Path
  /** The system is to follow the link that is there. */
  readonly follows?: boolean
  readonly to: Path
}

export class Item {
  /** What is in the source; of a file that is read only when its turn comes. */
  was: Stats | undefined = undefined
  kind: Entry['kind']
  /** The name in the source is a link, and what it leads to is copied. */
  follows = false
  /** This call made the directory, so it also finishes it. */
  made = false
  /** The target directory was there, and a device, a pipe or a socket is in it. */
  hasSpecial = false
  /** A directory that is copied, and its copy; the latter is undefined if the former is only looked through. */
  source: OpenDirectory | undefined = undefined
  target: OpenDirectory | undefined = undefined
  /** The directories in it, which are entered when the rest is copied. */
  readonly below: Item[] = []
  /** Files that wait until the rest is copied: another name of the same file was first, or no descriptor was free. */
  later: Item[] = []
  /** How much of the rest is still to be copied. */
  left = 0
  /** Of a directory that may become read-only at any moment: beside this path its files are made ready, in `stages`. */
  beside: Path | undefined = undefined
  stages: OpenDirectory | undefined = undefined
  /** Those with a name that may be the same one at the target, and that have begun (./one-name.ts). */
  rivals: Item[] | undefined = undefined
  /** Another name of the same file, which was copied before (./hard-links.ts). */
  twin: Twin | undefined = undefined
  /** The inode of the copy of a file that has several names. */
  inode: Stats | undefined = undefined
  /** What is at the target came from the source, or is the same. */
  copied = false
  /** How much of a file is copied; undefined without `onProgress`. */
  progress: FileProgress | undefined = undefined

  constructor(
    readonly entry: Entry,
    /** The directory that it is in; undefined of the topmost thing. */
    readonly above: Item | undefined,
    readonly top: Paths | undefined = undefined,
  ) {
    this.kind = entry.kind
  }

  get from(): Path {
    return this.above ? pathIn(this.above.source as OpenDirectory, this.entry) : this.#top
  }

  get #top(): Path {
    const { from, at = from } = this.top as Paths
    return at
  }

  get to(): Path {
    return this.above ? pathIn(this.above.target as OpenDirectory, this.entry) : (this.top as Paths).to
  }

  get shownFrom(): Path {
    return this.above ? childPath((this.above.source as OpenDirectory).shown, this.entry) : (this.top as Paths).from
  }

  get shownTo(): Path {
    if (!this.above) return (this.top as Paths).to
    return childPath(this.above.target?.shown ?? this.above.shownTo, this.entry)
  }
}
