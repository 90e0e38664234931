// What `copy` was asked for, and what it knows of each thing that it copies.

import type { Durability } from '../core/input.js'
import type { FileProgress, Reporting } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import type { Entry, Path } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import type { Kept } from '../parts/duplicate.js'
import type { Parents } from '../parts/parents.js'
import type { Twin } from './twin.js'

/** Says whether a thing is to be copied. */
export type Filter = (
  source: string,
  target: string,
  kind: 'file' | 'directory' | 'link' | 'other',
) => boolean | PromiseLike<boolean>

/** A call under way. */
export interface Copying extends Reporting {
  readonly overwrite: boolean
  readonly errorOnExist: boolean
  readonly filter: Filter | undefined
  readonly dereference: boolean
  readonly keeps: Kept
  /** How many things are copied at a time: fewer as soon as too few descriptors are free for so many. */
  concurrency: number
  readonly durability: Durability
  readonly parents: Parents | undefined
  readonly trial: Trial
  /** A directory that must not be in the source, under any name. */
  readonly barred?: Stats | undefined
}

/** One thing that is copied. */
export interface Item {
  readonly from: Path
  readonly to: Path
  readonly above: Item | undefined
  /** What is at `from`; of a file that is read only when its turn comes. */
  was: Stats | undefined
  kind: Entry['kind']
  /** This call made the directory, so it also finishes it. */
  made: boolean
  /** The target directory was there, and a device, a pipe or a socket is in it. */
  hasSpecial: boolean
  /** Those with a name that may be the same one at the target, and that have begun (./one-name.ts). */
  rivals?: Item[]
  /** Another name of the same file, which was copied before (./hard-links.ts). */
  twin?: Twin | undefined
  /** The inode of the copy of a file that has several names. */
  inode?: Stats
  /** What is at the target came from the source, or is the same. */
  copied: boolean
  /** How much of a file is copied; undefined without `onProgress`. */
  progress: FileProgress | undefined
}
