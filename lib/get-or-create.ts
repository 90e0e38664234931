import { registry } from './core/disk.js'
import { dual } from './core/dual.js'
import { asDurability, asFlag, asFunction, asNumber, oneOf, refusal } from './core/input.js'
import { emptySum, fileProgress } from './core/progress.js'
import { type Publication, publishing } from './core/publication.js'
import { LatePlace } from './core/queue.js'
import type { Steps } from './core/steps.js'
import { asReader } from './get-or-create/content.js'
import type { Making } from './get-or-create/job.js'
import { makeOnce } from './get-or-create/once.js'
import type { GetOrCreate, GetOrCreateOptions, Got } from './get-or-create/options.js'
import type { Kind, Producer } from './get-or-create/produce.js'
import { asLocking, type LockOptions, waitingAs } from './lock/options.js'

export type { GetOrCreate, GetOrCreateOptions, Got, GotAs } from './get-or-create/options.js'
export type { Producer, Production } from './get-or-create/produce.js'

/**
 * Gets a file or a directory that is made once, by the first caller. The others wait for it, and get the same.
 *
 * Holds afterwards: at an instant during the call there was at `path` a whole thing of that kind, which `validate`, if
 * there is one, did not refuse, and which was not older than `maxAge`. `made` says whether this very call made it. No
 * process ever sees it half made. Of all callers, among threads, processes and machines, one produces at a time. If its
 * producer fails, or its process is killed, before the result is published, nothing of its work is at `path`, what was
 * there still is, and one of the waiting callers takes over. `content` is what that very file holds, also if another
 * replaces it meanwhile. A response that is not ok is never published, and neither is a body that ends with an error.
 *
 * Not promised: that a *directory* is never missing while it is replaced, because that takes two renames: a process
 * that is killed between them leaves nothing there, and the next caller makes it anew. (A file is replaced without a
 * gap.) That an old directory which cannot be renamed, as on lower layers of overlayfs, outlives a failure. That mode
 * and owner of what is replaced are kept. What `lock` does not promise about holders elsewhere that show no heartbeat
 * for `stale` ms: two callers may produce then, and each result is whole. That a producer which goes on after its
 * `signal` was aborted leaves no private name. That `maxAge` means anything for what other programs give another `mtime`;
 * what is in a directory does not count, only when a name in it came or went. Where nothing can be made beside it, the
 * clock of its filesystem cannot be read, and counts as that of this machine. `produce`, and `validate` under the lock, cannot have the same path
 * produced, or take its `lock`: they are refused.
 *
 * The lock is that of `lock(path)`, `<path>.lock` or where `lockPath` or `lockDir` say, which stays. A caller that finds
 * a good result takes no lock, and waits for no other caller, not even while one refreshes the result. Callers in one
 * thread that find none wait in line, and look again when they come to the front.
 *
 * @param path A path, or a `file:` URL. If it is a link, what the link leads to is looked at, made, replaced and
 *   locked.
 * @param produce Gets `stage`, a private path beside `path`, and `signal` and `fence`. Of kind `directory`: `stage` is
 *   an empty directory, which it fills. Of kind `file`: it writes a file at `stage`; or it returns the content, which
 *   is then written there: a string, a view, or an iterable, an async iterable or a stream of those; or a `Response` of
 *   `fetch`, whose body that is.
 * @param options `timeout` (ms) is for the whole call; `stale` and `heartbeat` (ms) are those of `lock`.
 * @returns `path`, absolute, and `made`; with `read`, also `content`.
 * @throws The error that `produce` or `validate` threw, unchanged, also if the call is stopped while it cleans up; what
 *   `onWait` throws. `ERR_NOT_PRODUCED`: the producer made nothing, or
 *   something of another kind. `ERR_LOCK_HELD`: another caller produces, and `timeout` has passed (`cause`), or `wait`
 *   is false, or the call would wait for itself (see `lock`). `ERR_TIMEOUT`, `ABORT_ERR`: while this call produced.
 *   `ERR_RESPONSE_NOT_OK` (`status` and `url`), and `ERR_BODY_USED`: of the response that `produce` returned; its body is
 *   cancelled. `ERR_INVALID_JSON`, `ERR_ENCODING_INVALID_ENCODED_DATA`: `read` cannot read the content, which is not
 *   published then. EISDIR, EINVAL, ENOTDIR: what is there is of another kind. EACCES: another user has put it, or a link, into a sticky
 *   directory that others may write. Other errors of the system, unchanged: ENOENT (the directory is missing, and
 *   `parents` is not set), EACCES, ENOSPC ...
 *   `published` of each error says whether this call's result is at `path` (see `Published`).
 *
 * @example
 * const download: Producer = (_, { signal }) => fetch(url, { signal })
 * const validate = async (file: string) => (await sha256(file)) === expected
 * const { path, made } = await getOrCreate('cache/model.bin', download, { validate })
 * const { content } = await getOrCreate('cache/rates.json', download, { maxAge: 3_600_000, read: 'json' })
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

const making = dual(
  publishing(function* getOrCreate(
    publication,
    path: string | URL,
    produce: Producer<Kind>,
    options: GetOrCreateOptions = {},
    // Only the promise form queues: a blocked thread has no other calls, and to an algorithm all callers are other
    // processes.
    place?: LatePlace,
  ): Steps<Got & { readonly content?: unknown }> {
    const job = asMaking(path, produce, options, publication)
    try {
      const made = yield* makeOnce(job, place)
      return job.reader ? { path: job.path, made, content: job.content } : { path: job.path, made }
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
  // What `mode` says to other functions is not about the lock of this one.
  const forLock: LockOptions = 'mode' in options ? { ...options, mode: undefined } : options
  const { wait, path: at } = asLocking(path, forLock, 'getOrCreate', around)
  const locking = (one: string | URL) => waitingAs(asLocking(one, forLock, 'getOrCreate', around), wait)
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
    maxAgeMs: options.maxAge === undefined ? undefined : asNumber(options.maxAge, 'options.maxAge', 0),
    reader: asReader(options.read, kind),
    wait: options.wait === undefined || asFlag(options.wait, 'options.wait'),
    durability: kind === 'directory' && options.durability === undefined ? 'none' : asDurability(options.durability),
    locking,
    trial: { as: 'getOrCreate', path: at, retryFor: options.retryFor, publication },
    progress: fileProgress({ onProgress, sum: emptySum(1) }, at),
    first: undefined,
    content: undefined,
  }
}
