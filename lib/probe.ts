import { dual } from './core/dual.js'
import { asPath, type Patience, refusal } from './core/input.js'
import type { Steps } from './core/steps.js'
import { achieve, noEvidence } from './parts/achieve.js'
import {
  atomicRename,
  caseSensitive,
  directoryFsync,
  exclusiveCreate,
  exclusiveRename,
  hardLinks,
  keeps,
  namesOf,
  stableInodes,
  symlinks,
} from './probe/experiments.js'
import { mtimeGrain } from './probe/mtime-grain.js'
import { inScratchDir, type ScratchDir } from './probe/scratch.js'

export interface ProbeOptions extends Patience {
  /**
   * A second path to the same directory, by another mount. Of each two that race for a name, one goes that way: many
   * network filesystems keep within one mount what they do not keep between two.
   */
  readonly through?: string | URL | undefined
  /** How many names of one file it tries to make. @default 10 */
  readonly links?: number | undefined
}

/** What a filesystem keeps. */
export interface Keeps {
  /** Of two who make one name, a file's (`wx`) or a directory's, exactly one is told that he did; who comes later is not. */
  readonly exclusiveCreate: boolean
  /** Of two who rename one file, each to a name of his own, exactly one is told that he did. */
  readonly exclusiveRename: boolean
  /** A file can have two names, which are one inode; a name that is taken is not given to another. */
  readonly hardLinks: boolean
  /** There are symbolic links, and they read as they were made. */
  readonly symlinks: boolean
  /** A file keeps its `dev` and `ino` (through another mount, its `ino`), also under another name; two files have two. */
  readonly stableInodes: boolean
  /** A rename replaces a file: nobody finds the name missing meanwhile, and who has the old file open goes on with it. */
  readonly atomicRename: boolean
  /** A directory can be opened, and synced. */
  readonly directoryFsync: boolean
  /** `a` and `A` are two names. */
  readonly caseSensitive: boolean
  /**
   * Milliseconds: the larger of the grain in which times of change are stored (told by setting some, to the microsecond)
   * and the smallest step seen between those of a write and the next, with a look after each, for 30 ms at most. If there
   * was no step, the time that it was waited for counts, and the truth may be more. So a write that comes twice this after
   * a look at the file gives it another time, but for caches; one that comes earlier may not.
   */
  readonly mtimeGrain: number
  /** So many names of one file were made, of the `links` that were wanted; 1 without hard links. */
  readonly maxLinksSeen: number
}

/**
 * Tells what the filesystem keeps that a directory is on, by trying it.
 *
 * Holds afterwards: nothing of what it made is left in `dir`. Each answer that is false was seen: the filesystem did
 * otherwise, or refused. What says nothing about that (the disk is full, or broken) is an error, and never an answer.
 *
 * Not promised: that an answer that is true will be so next time. Races are run 20 times, of two calls at once; the sync
 * form makes one after the other, and sees less. Anything about two machines (see `through`), power cuts, or what is
 * mounted below. Whoever is killed on the way, or finds that nothing can be deleted, leaves a private directory, for `sweep`.
 *
 * @param dir A path, or a `file:` URL, of a directory in which files can be made.
 * @returns What it keeps.
 * @throws ERR_NOT_THE_SAME_DIRECTORY: what was made in `dir` did not show within 2 s through `through`. What else the
 *   system said, unchanged: ENOENT, ENOTDIR, EACCES, EROFS, ENOSPC ...
 *
 * @example
 * const { exclusiveCreate } = await probe('/mnt/a', { through: '/mnt/b' })
 * if (!exclusiveCreate) throw new Error('two machines may both be told that a file is theirs')
 */
export const probe = dual(function* probe(dir: string | URL, options: ProbeOptions = {}): Steps<Keeps> {
  const path = asPath(dir, 'dir')
  const through = options.through === undefined ? path : asPath(options.through, 'options.through')
  const links = asLinks(options.links)
  const trial = { as: 'probe', path, retryFor: options.retryFor }
  return yield* achieve(
    () => inScratchDir(path, through, scratch => experiment(scratch, links), trial),
    // There is nothing to look for: an experiment that was broken off is made again as a whole, or not.
    noEvidence,
    trial,
  )
})

function asLinks(value: unknown = 10): number {
  if (typeof value !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', 'options.links', 'of type number', value)
  if (!Number.isInteger(value) || value < 1)
    throw refusal('ERR_OUT_OF_RANGE', 'options.links', 'an integer from 1 on', value)
  return value
}

function* experiment(scratch: ScratchDir, links: number): Steps<Keeps> {
  // First, because a cache that has begun to hide what is new is not asked for it any more.
  const numbered = yield* keeps(nth => stableInodes(scratch, nth))
  // Of links that it has not, rclone says EIO.
  const linkable = yield* keeps(nth => hardLinks(scratch, nth), 'EIO')
  return {
    exclusiveCreate: yield* exclusiveCreate(scratch),
    exclusiveRename: yield* exclusiveRename(scratch),
    hardLinks: linkable,
    symlinks: yield* keeps(nth => symlinks(scratch, nth), 'EIO'),
    stableInodes: numbered,
    atomicRename: yield* keeps(nth => atomicRename(scratch, nth)),
    directoryFsync: yield* keeps(() => directoryFsync(scratch)),
    caseSensitive: yield* caseSensitive(scratch),
    mtimeGrain: yield* mtimeGrain(`${scratch.here}/times`),
    maxLinksSeen: linkable ? yield* namesOf(scratch, links) : 1,
  }
}
