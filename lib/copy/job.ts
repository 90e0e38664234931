// What `copy` was asked for, and what it knows of each thing that it copies.

import type { Durability } from '../core/input.js'
import type { Reporting } from '../core/progress.js'
import type { Stats } from '../core/stats.js'
import type { Steps } from '../core/steps.js'
import type { Trial } from '../parts/achieve.js'
import type { Kept } from '../parts/duplicate.js'
import type { Parents } from '../parts/parents.js'
import type { Item } from './item.js'

/** Says whether a thing is to be copied. */
export type Filter = (
  source: string,
  target: string,
  kind: 'file' | 'directory' | 'link' | 'other',
) => boolean | PromiseLike<boolean>

/** Refuses a link in the place of what is at the target, besides what `copy` refuses. */
export type RefuseLink = (item: Pick<Item, 'from' | 'to' | 'shownFrom' | 'shownTo'>) => Steps<void>

/** What a face does besides. */
export interface Face {
  /** What it has just seen at both paths, as `lstat` shows it: so `copy` does not look there again. */
  readonly seen: { readonly was: Stats; readonly there: Stats | undefined } | undefined
  readonly refuseLink: RefuseLink
}

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
  readonly refuseLink?: RefuseLink | undefined
  /** A directory that must not be in the source, under any name. */
  readonly barred?: Stats | undefined
  /** The source must be this very directory. */
  readonly expected?: Stats | undefined
  /** The target is a private name. Gets what the topmost directory is that this call makes there. */
  readonly made?: { was: Stats | undefined }
}

/** The copy of a thing and of all below it, under way. */
export interface Tree extends Copying {
  readonly top: Item
  /** Names are looked up by descriptors. */
  isHeld: boolean
  /** The topmost target directory, once it is there. */
  into: Stats | undefined
  /** Memory that batches which have ended leave to the next ones. */
  readonly rooms: Buffer[]
  /** The devices, pipes and sockets that were met. After the first, nothing more is copied. */
  readonly special: Item[]
  /** Of files with several names, by the inode in the source: the one that was copied; undefined while it is. */
  readonly twins: Map<string, Item | undefined>
  /** How many directories of one directory are copied at a time: fewer as soon as too few descriptors are free. */
  width: number
  /** From the topmost directory down to what is being copied. */
  readonly way: Level[]
  /** Other directories that are being entered or left. */
  group: readonly Item[]
}

/** A directory on the way; the topmost thing is in none. */
export interface Level {
  readonly dir: Item | undefined
  /** The directories in it that are still to be copied. */
  readonly todo: Item[]
  /** Those that were copied, but for the directories in them. */
  deeper: Item[]
}
