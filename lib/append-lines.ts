import { dirname, resolve } from 'node:path'
import { append } from './append-lines/append.js'
import type { Appending } from './append-lines/job.js'
import { asBatches, type LineRecord } from './append-lines/records.js'
import { dual } from './core/dual.js'
import { asMode, asName, asPath, type Durability, oneOf, type Patience } from './core/input.js'
import type { Stats } from './core/stats.js'
import { fs, type Steps } from './core/steps.js'
import { acquire } from './lock/obtain.js'
import { asLocking } from './lock/options.js'
import { whileHeld } from './lock/while-held.js'
import { achieve, noEvidence } from './parts/achieve.js'
import { syncName } from './parts/durable.js'
import { resolveLinks } from './parts/follow-links.js'
import { asParents } from './parts/parents.js'
import { asEncoding } from './parts/source.js'

export interface AppendLinesOptions extends Patience {
  /** The encoding of strings. @default 'utf8' */
  readonly encoding?: BufferEncoding | undefined
  /** Permission bits of a new file, from which the umask takes away: a number, or an octal string. @default 0o666 */
  readonly mode?: number | string | undefined
  /**
   * `file`: the records are on disk before the call ends. `full`: the name of the file is, too.
   * @default 'none', as of a log: a power cut may take the last records, or leave a part of one
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the file. @default false */
  readonly parents?: boolean | undefined
}

/**
 * Appends records to a file, each as one line. Makes the file if it is missing.
 *
 * Holds afterwards: each record is in the file as a whole, on a line of its own, in the order in which they were given.
 * Records of other callers of this function, in threads and processes, are never inside of them, and neither are records of
 * one call among each other's. A record that was written only in part, because the disk was full or its process was killed,
 * is closed before the next one comes, by a mark (CAN, 0x18) and a line end: so it spoils no other, and `lines` says that
 * it is torn.
 *
 * How: on Linux, on a filesystem that its kernel keeps itself (ext4, xfs, btrfs, tmpfs, overlayfs ...), the records go to the
 * end of the file in one write, without a lock. Elsewhere (NFS, SMB, FUSE, other systems) calls take turns, by the lock of
 * the file: `<file>.lock`, a directory that stays.
 *
 * Not promised: that records of one call stay together, or in order, if they are more than 1 MiB, or if the disk was full
 * meanwhile. Order among processes; calls of one thread for one path land in the order in which they were made. Anything about
 * programs that write the file in other ways, or that shorten it, nor if some machines have the filesystem of the file, and
 * others mount it from there. If one process ends in the middle of its write, and a second one, which has written right behind
 * it, is killed within the microseconds that it takes to separate the two, they stay one line. If space is freed on a full disk
 * in the middle of a write, Node writes the rest of the record behind those of other processes: this call sees that, closes
 * both parts as torn, and writes the record again; if it is killed in between, the rest stays a line. A reader may see such
 * lines in these microseconds.
 *
 * @param file A path, or a `file:` URL. Links are followed. The caller must have the right to read it, because what is at its
 *   end is looked at.
 * @param records A string or a view, or an array of them. None may be empty, have a line end in it, or end with the mark.
 * @returns Nothing.
 * @throws Errors of the system, unchanged: ENOSPC, EDQUOT, ENOENT (the directory is missing, and `parents` is not set), EACCES,
 *   EISDIR ... EINVAL: it is a device, a pipe or a socket. `appended` of each error says how many of the records are in
 *   the file as far as this call knows: the first ones. What `lock` throws, where calls take turns.
 *
 * @example
 * await appendLines('events.jsonl', JSON.stringify(event))
 * for await (const { text, torn } of lines('events.jsonl')) if (!torn) replay(JSON.parse(text))
 *
 * Source of the protocol: O_APPEND of POSIX, under the inode lock of Linux; the closing of torn tails, as in the logs of
 * databases.
 */
export const appendLines = dual(
  function* appendLines(
    file: string | URL,
    records: LineRecord | readonly LineRecord[],
    options: AppendLinesOptions = {},
  ): Steps<void> {
    const path = asName(file, 'file')
    const { retryFor } = options
    const job: Appending = {
      path,
      batches: asBatches(records, asEncoding(options.encoding)),
      mode: asMode(options.mode, 0o666),
      durability: oneOf(options.durability, 'options.durability', ['none', 'file', 'full'], 'none'),
      parents: asParents(options.parents),
      trial: { as: 'appendLines', path, retryFor },
      key: `appendLines ${path}`,
      left: undefined,
      appended: 0,
      batch: 0,
      done: 0,
      rest: undefined,
    }
    if (job.batches.length === 0) return
    try {
      job.left = (yield* fs.recall(job.key)) as Stats | undefined
      // Only a call that took no turn keeps that in mind.
      if (job.left || (yield* isAtomicIn(dirname(path)))) yield* appendAll(job, false)
      else yield* appendInTurn(job, options)
      yield* syncName(path, job.durability, job.parents)
    } catch (error) {
      if (typeof error === 'object' && error !== null) Reflect.set(error, 'appended', job.appended)
      throw error
    }
  },
  { turns: file => [resolve(asPath(file, 'file'))] },
)

export type { LineRecord } from './append-lines/records.js'

const appendAll = (job: Appending, inTurn: boolean): Steps<true> =>
  achieve(() => append(job, inTurn), noEvidence, job.trial)

/** All links to one file share its lock. */
function* appendInTurn(job: Appending, { parents, retryFor }: AppendLinesOptions): Steps<void> {
  const { at } = yield* resolveLinks(job.path, true)
  const hold = yield* acquire(asLocking(at, { parents, retryFor }, 'appendLines'))
  yield* whileHeld(hold, () => appendAll(job, true))
}

/** Does a write that appends land in one piece there, and does the system say where? */
function* isAtomicIn(dir: string): Steps<boolean> {
  if (process.platform !== 'linux') return false
  const key = `appendLines in ${dir}`
  const known = yield* fs.recall(key)
  if (known !== undefined) return known as boolean
  const isAtomic = (yield* fs.exists('/proc/self/fdinfo')) && (yield* fs.local(dir))
  yield* fs.remember(key, isAtomic)
  return isAtomic
}
