import { registry } from './core/disk.js'
import { dual } from './core/dual.js'
import { asDurability, asFlag, asFunction, asName, type Durability, oneOf, refusal } from './core/input.js'
import { emptySum, fileProgress, type Progress } from './core/progress.js'
import { type Publication, publishing } from './core/publication.js'
import { LatePlace } from './core/queue.js'
import type { Steps } from './core/steps.js'
import { type Making, makeOnce } from './get-or-create/once.js'
import type { Kind, Producer } from './get-or-create/produce.js'
import { asLocking, waitingAs } from './lock/options.js'
import type { LockOptions } from './lock.js'

export type { Producer, Production } from './get-or-create/produce.js'

export interface GetOrCreateOptions<K extends Kind = Kind> extends LockOptions {
  /** What is to be there. @default 'file' */
  readonly kind?: K | undefined
  /**
   * Called with the path when the call begins, and again while the lock is held. If it returns `false`, what is there
   * is replaced.
   * @default whatever is there is good
   */
  readonly validate?: ((path: string) => boolean | PromiseLike<boolean>) | undefined
  /**
   * Produce again even if a valid result exists, unless another call has refreshed it since this call began.
   * @default false
   */
  readonly refresh?: boolean | undefined
  /** `false`: while another call produces, do not wait, but throw `ERR_LOCK_HELD`. @default true */
  readonly wait?: boolean | undefined
  /**
   * `file`: the data of all files is on disk before the name appears. `full`: all names are, too, before the call ends;
   * also if another call has made the thing, with whatever durability (of a directory then only its own name, because
   * to sync all that is in it takes long).
   * @default 'file' for a file, 'none' for a directory
   */
  readonly durability?: Durability | undefined
  /**
   * Called for each MiB, or each piece of a stream, of the content that `produce` returned; and when the result of this
   * call has its name. An error that it throws ends the call.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** What is there now. */
export interface Got {
  /** The absolute path. */
  readonly path: string
  /** Whether this very call made it. */
  readonly made: boolean
}

/**
 * Gets a file or a directory that is made once, by the first caller. The others wait for it, and get the same.
 *
 * Holds afterwards: at an instant during the call there was at `path` a whole thing of that kind, which `validate`, if
 * there is one, did not refuse. `made` says whether this very call made it. No process ever sees it half made. Of all
 * callers, among threads, processes and machines, one produces at a time. If its producer fails, or its process is
 * killed, before the result is published, nothing of its work is at `path`, what was there still is, and one of the
 * waiting callers takes over.
 *
 * Not promised: that a *directory* is never missing while it is replaced, because that takes two renames: a process
 * that is killed between them leaves nothing there, and the next caller makes it anew. (A file is replaced without a
 * gap.) That an old directory which cannot be renamed, as on lower layers of overlayfs, outlives a failure. That mode
 * and owner of what is replaced are kept. What `lock` does not promise about holders elsewhere that show no heartbeat
 * for `stale` ms: two callers may produce then, and each result is whole. That a producer which goes on after its
 * `signal` was aborted leaves no private name. `produce`, and `validate` under the lock, cannot have the same path
 * produced, or take its `lock`: they are refused.
 *
 * The lock is that of `lock(path)`, `<path>.lock`, which stays. A caller that finds a good result takes no lock, and
 * waits for no other caller, not even while one refreshes the result. Callers in one thread that find none wait in
 * line, and look again when they come to the front.
 *
 * @param path A path, or a `file:` URL. If it is a link, what the link leads to is looked at, made, replaced and
 *   locked.
 * @param produce Gets `stage`, a private path beside `path`, and `signal` and `fence`. Of kind `directory`: `stage` is
 *   an empty directory, which it fills. Of kind `file`: it writes a file at `stage`; or it returns the content, which
 *   is then written there: a string, a view, or an iterable, an async iterable or a stream of those.
 * @param options `timeout` (ms) is for the whole call; `stale` and `heartbeat` (ms) are those of `lock`.
 * @returns `path`, absolute, and `made`.
 * @throws The error that `produce` or `validate` threw, unchanged. `ERR_NOT_PRODUCED`: the producer made nothing, or
 *   something of another kind. `ERR_LOCK_HELD`: another caller produces, and `timeout` has passed (`cause`), or `wait`
 *   is false, or the call would wait for itself (see `lock`). `ERR_TIMEOUT`, `ABORT_ERR`: while this call produced.
 *   EISDIR, EINVAL, ENOTDIR: what is there is of another kind. EACCES: another user has put it, or a link, into a sticky
 *   directory that others may write. Other errors of the system, unchanged: ENOENT (the directory is missing, and
 *   `parents` is not set), EACCES, ENOSPC ...
 *   `published` of each error says whether this call's result is at `path` (see `Published`).
 *
 * @example
 * const download: Producer = async (_, { signal }) => (await fetch(url, { signal })).body!
 * const validate = async (file: string) => (await sha256(file)) === expected
 * const { path, made } = await getOrCreate('cache/model.bin', download, { validate })
 *
 * Source of the protocol: double-checked locking, with a lock that death releases, and results that appear as a whole:
 * stage and link, or stage and rename.
 */
export const getOrCreate = Object.assign(
  (path: string | URL, produce: Producer<Kind>, options?: GetOrCreateOptions) =>
    making(path, produce, options, new LatePlace()),
  {
    sync: (path: string | URL, produce: Producer<Kind>, options?: GetOrCreateOptions) =>
      making.sync(path, produce, options),
    steps: (path: string | URL, produce: Producer<Kind>, options?: GetOrCreateOptions) =>
      making.steps(path, produce, options),
  },
) as GetOrCreate

export interface GetOrCreate {
  <K extends Kind = 'file'>(path: string | URL, produce: Producer<K>, options?: GetOrCreateOptions<K>): Promise<Got>
  /** The same, without a promise: it blocks the thread, and `produce` and `validate` must not return promises. */
  sync<K extends Kind = 'file'>(path: string | URL, produce: Producer<K>, options?: GetOrCreateOptions<K>): Got
  /** The same, as steps of a larger algorithm; `signal` and `timeout` are those of the outermost call. */
  steps<K extends Kind = 'file'>(path: string | URL, produce: Producer<K>, options?: GetOrCreateOptions<K>): Steps<Got>
}

const making = dual(
  publishing(function* getOrCreate(
    publication,
    path: string | URL,
    produce: Producer<Kind>,
    options: GetOrCreateOptions = {},
    // Only the promise form queues: a blocked thread has no other calls, and to an algorithm all callers are other
    // processes.
    place?: LatePlace,
  ): Steps<Got> {
    const job = asMaking(path, produce, options, publication)
    try {
      return { made: yield* makeOnce(job, place), path: job.path }
    } finally {
      place?.leave()
    }
  }),
)

function asMaking(
  path: string | URL,
  produce: Producer<Kind>,
  options: GetOrCreateOptions,
  publication: Publication,
): Making {
  const around = registry.around()
  const { wait } = asLocking(path, options, 'getOrCreate', around)
  const locking = (at: string | URL) => waitingAs(asLocking(at, options, 'getOrCreate', around), wait)
  const at = asName(path, 'path')
  if (asFunction(produce, 'produce') === undefined)
    throw refusal('ERR_INVALID_ARG_TYPE', 'produce', 'of type function', produce)
  const onProgress = asFunction(options.onProgress, 'options.onProgress')
  const kind = oneOf<Kind>(options.kind, 'options.kind', ['file', 'directory'], 'file')
  return {
    path: at,
    kind,
    produce,
    validate: asFunction(options.validate, 'options.validate'),
    refresh: asFlag(options.refresh, 'options.refresh'),
    wait: options.wait === undefined || asFlag(options.wait, 'options.wait'),
    durability: kind === 'directory' && options.durability === undefined ? 'none' : asDurability(options.durability),
    locking,
    trial: { as: 'getOrCreate', path: at, retryFor: options.retryFor, publication },
    progress: fileProgress({ onProgress, sum: emptySum(1) }, at),
    first: undefined,
  }
}
