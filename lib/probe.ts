import { dual } from './core/dual.js'
import { asPath, type Patience, refusal } from './core/input.js'
import { nearest } from './core/option-names.js'
import type { Steps } from './core/steps.js'
import { achieve, noEvidence } from './parts/achieve.js'
import { findEnd } from './parts/follow-links.js'
import { exclusiveCreate, exclusiveRename } from './probe/exclusion.js'
import {
  atomicRename,
  caseSensitive,
  countNames,
  directoryFsync,
  hardLinks,
  stableInodes,
  symlinks,
} from './probe/experiments.js'
import { isKept } from './probe/judgement.js'
import { mtimeGrain } from './probe/mtime-grain.js'
import { inScratchDir, type ScratchDir } from './probe/scratch.js'

export interface ProbeOptions extends Patience {
  /**
   * A second path to the same directory, through another mount. Of each two calls that race for a name, one takes that
   * path: many network filesystems keep within one mount what they do not keep between two.
   */
  readonly through?: string | URL | undefined
  /** How many names of one file it tries to make: an integer from 1 on. @default 10 */
  readonly links?: number | undefined
  /** What must be kept: if any of these is `false`, the call throws an error that names all that are. @default none */
  readonly require?: readonly Guarantee[] | undefined
}

/** What can be required of a filesystem: the names of what `probe` returns as true or false. */
export type Guarantee = (typeof guarantees)[number]

const guarantees = [
  ...(['exclusiveCreate', 'exclusiveRename', 'hardLinks', 'symlinks'] as const),
  ...(['stableInodes', 'atomicRename', 'directoryFsync', 'caseSensitive'] as const),
] as const satisfies readonly (keyof Keeps)[]

/** What a filesystem keeps. */
export interface Keeps {
  /** When two callers create the same file (`wx`) or directory, exactly one succeeds, and every later caller fails. */
  readonly exclusiveCreate: boolean
  /** When two callers rename the same file, each to a name of its own, exactly one succeeds. */
  readonly exclusiveRename: boolean
  /** A file can have two names, which are one inode. `link` does not replace what has the new name. */
  readonly hardLinks: boolean
  /** Symbolic links can be made, and read back as they were made. */
  readonly symlinks: boolean
  /**
   * A file keeps its `dev` and `ino` (through another mount, its `ino`), even when it is renamed; another file has
   * others.
   */
  readonly stableInodes: boolean
  /**
   * A rename replaces a file: the name is never missing meanwhile, and the old file can still be read where it is open.
   */
  readonly atomicRename: boolean
  /** A directory can be opened and synced. */
  readonly directoryFsync: boolean
  /** `a` and `A` are two names. */
  readonly caseSensitive: boolean
  /**
   * Milliseconds: the larger of the grain in which modification times are stored (found by setting some, to the
   * microsecond) and the smallest step between the times of one write and the next, each followed by an `fstat`, for at
   * most 30 ms. If there was no step, the time spent waiting for one counts, and the true grain may be larger. So a
   * write that comes twice this time after a look at the file gives the file another time, unless caches interfere; an
   * earlier one may not.
   */
  readonly mtimeGrain: number
  /** How many names of one file could be made, at most `links`; 1 without hard links. */
  readonly maxLinksSeen: number
}

/**
 * Finds out, by trying, what the filesystem of a directory keeps.
 *
 * Holds afterwards: nothing of what the call made is left in `dir`. Each `false` was seen: the filesystem did
 * otherwise, or refused. A failure that says nothing about that (the disk is full, or broken) is an error, never a
 * `false`.
 *
 * Not promised: that what was `true` will be so next time. Races are run 20 times, with two calls at once; the sync
 * form makes one call after the other, and sees less. Anything about two machines (see `through`), power cuts, or
 * filesystems that are mounted below. A process that is killed, or that finds that nothing can be deleted, leaves a
 * private directory, for `sweep`.
 *
 * @param dir A path, or a `file:` URL, of a directory in which files can be made.
 * @returns What the filesystem keeps.
 * @throws `ERR_MISSING_GUARANTEE`: the filesystem does not keep what `require` names; `error.missing` lists it.
 *   `ERR_NOT_THE_SAME_DIRECTORY`: what was made in `dir` was not seen within 2 s through `through`. Errors of the
 *   system, unchanged: ENOENT, ENOTDIR, EACCES (also of a link that another user has put into a sticky directory that
 *   others may write), EROFS, ENOSPC ...
 *
 * @example
 * const { exclusiveCreate } = await probe('/mnt/a', { through: '/mnt/b' })
 * if (!exclusiveCreate) throw new Error('two machines may both create the same file')
 * await probe('data', { require: ['atomicRename', 'hardLinks'] }) // throws if one of them is missing
 */
export const probe = dual(function* probe(dir: string | URL, options: ProbeOptions = {}): Steps<Keeps> {
  const path = asPath(dir, 'dir')
  const through = options.through === undefined ? path : asPath(options.through, 'options.through')
  const links = asLinks(options.links)
  const required = asGuarantees(options.require)
  const trial = { as: 'probe', path, retryFor: options.retryFor }
  // Planted links are refused; the system follows the others.
  for (const one of new Set([path, through])) yield* findEnd(one)
  const keeps = yield* achieve(
    () => inScratchDir(path, through, scratch => runAll(scratch, links), trial),
    // There is nothing to look for: experiments that failed are made again as a whole, or not at all.
    noEvidence,
    trial,
  )
  const missing = required.filter(name => !keeps[name])
  if (missing.length > 0) throw missingGuarantee(path, missing)
  return keeps
})

function missingGuarantee(path: string, missing: readonly Guarantee[]): Error {
  const message = `The filesystem of '${path}' does not keep what is required: ${missing.join(', ')}`
  return Object.assign(new Error(message), { code: 'ERR_MISSING_GUARANTEE', path, missing })
}

function asGuarantees(value: unknown = []): readonly Guarantee[] {
  if (!Array.isArray(value)) throw refusal('ERR_INVALID_ARG_TYPE', 'options.require', 'an instance of Array', value)
  for (const name of value) {
    if (guarantees.includes(name)) continue
    const expected = `a list of guarantees (the nearest is '${nearest(String(name), guarantees)}')`
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.require', expected, name)
  }
  return value
}

function asLinks(value: unknown = 10): number {
  if (typeof value !== 'number') throw refusal('ERR_INVALID_ARG_TYPE', 'options.links', 'of type number', value)
  if (!Number.isInteger(value) || value < 1)
    throw refusal('ERR_OUT_OF_RANGE', 'options.links', 'an integer from 1 on', value)
  return value
}

function* runAll(scratch: ScratchDir, links: number): Steps<Keeps> {
  // This comes first, because it looks through one mount for what the other made: after the races a cache may hide new
  // names.
  const numbered = yield* isKept(nth => stableInodes(scratch, nth))
  // rclone has no links, and reports EIO.
  const linkable = yield* isKept(nth => hardLinks(scratch, nth), 'EIO')
  return {
    exclusiveCreate: yield* exclusiveCreate(scratch),
    exclusiveRename: yield* exclusiveRename(scratch),
    hardLinks: linkable,
    // Wine reports that it has made one, and has not.
    symlinks: yield* isKept(nth => symlinks(scratch, nth), 'EIO', 'ENOENT'),
    stableInodes: numbered,
    atomicRename: yield* isKept(nth => atomicRename(scratch, nth)),
    directoryFsync: yield* isKept(() => directoryFsync(scratch)),
    caseSensitive: yield* caseSensitive(scratch),
    mtimeGrain: yield* mtimeGrain(`${scratch.here}/times`),
    maxLinksSeen: linkable ? yield* countNames(scratch, links) : 1,
  }
}
