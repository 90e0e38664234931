import { resolve } from 'node:path'
import { dual } from './core/dual.js'
import { asDurability, asFlag, asFunction, asName, type Durability, oneOf, refusal } from './core/input.js'
import { Place } from './core/queue.js'
import type { Steps } from './core/steps.js'
import { type Making, makeOnce, type Thread } from './get-or-create/once.js'
import type { Kind, Producer } from './get-or-create/produce.js'
import { asLocking } from './lock/options.js'
import type { LockOptions } from './lock.js'

export type { Producer, Production } from './get-or-create/produce.js'

export interface GetOrCreateOptions<K extends Kind = Kind> extends LockOptions {
  /** What it is. @default 'file' */
  readonly kind?: K | undefined
  /** Is what is there good? False: it is replaced. It is asked about what is there when the call begins, and again while the lock is held. @default whatever is there is good */
  readonly validate?: ((path: string) => boolean | PromiseLike<boolean>) | undefined
  /** Has it made anew, unless somebody else has done so since the call began. @default false */
  readonly refresh?: boolean | undefined
  /** False: while another makes it, do not wait, and throw `ERR_LOCK_HELD`. @default true */
  readonly wait?: boolean | undefined
  /** `file`: the data of all files is on the disk before the name appears; `full`: all names, too. @default 'file' for a file, 'none' for a directory */
  readonly durability?: Durability | undefined
}

/** What there is now. */
export interface Got {
  /** Absolute. */
  readonly path: string
  /** This very call made it. */
  readonly made: boolean
}

export interface GetOrCreate {
  <K extends Kind = 'file'>(path: string | URL, produce: Producer<K>, options?: GetOrCreateOptions<K>): Promise<Got>
  /** The same, at once: it blocks the thread; `produce` and `validate` must answer at once, too. */
  sync<K extends Kind = 'file'>(path: string | URL, produce: Producer<K>, options?: GetOrCreateOptions<K>): Got
  /** The same, as steps of a larger algorithm; `signal` and `timeout` are those of the outermost call. */
  steps<K extends Kind = 'file'>(path: string | URL, produce: Producer<K>, options?: GetOrCreateOptions<K>): Steps<Got>
}

const making = dual(function* getOrCreate(
  path: string | URL,
  produce: Producer<Kind>,
  options: GetOrCreateOptions = {},
  thread?: Thread,
): Steps<Got> {
  const job = asMaking(path, produce, options)
  return { made: yield* makeOnce(job, thread), path: job.path }
})

function asMaking(path: string | URL, produce: Producer<Kind>, options: GetOrCreateOptions): Making {
  const locking = (at: string | URL) => asLocking(at, options, 'getOrCreate')
  const { trial } = locking(path)
  if (asFunction(produce, 'produce') === undefined)
    throw refusal('ERR_INVALID_ARG_TYPE', 'produce', 'of type function', produce)
  const kind = oneOf<Kind>(options.kind, 'options.kind', ['file', 'directory'], 'file')
  return {
    ...{ path: asName(path, 'path'), kind, produce, trial, locking, first: undefined },
    validate: asFunction(options.validate, 'options.validate'),
    refresh: asFlag(options.refresh, 'options.refresh'),
    wait: options.wait === undefined || asFlag(options.wait, 'options.wait'),
    durability: kind === 'directory' && options.durability === undefined ? 'none' : asDurability(options.durability),
  }
}

/**
 * Gets a file or a directory that is made once, by whoever comes first; the others wait for it, and get the same.
 *
 * Holds afterwards: at an instant during the call there was at `path` a whole thing of that kind, which `validate`, if
 * there is one, did not refuse; `made` says whether this very call made it. Nobody ever sees it half made. Of all callers,
 * among threads, processes and machines, one produces at a time. If it fails, or is killed, nothing of its work is at
 * `path`, what was there still is, and one of those who wait takes over.
 *
 * Not promised: that nobody sees a *directory* absent while it is replaced: that takes two renames, one after the other
 * (who is killed between leaves nothing there, and the next makes it anew); a file is replaced without a gap. Mode and
 * owner of what is replaced are not kept. Against holders elsewhere that show no heartbeat for `stale` ms, what `lock` does
 * not promise: two may produce then, and each result is whole. A producer that goes on after its `signal` was aborted may
 * leave a private name. `produce` and `validate` must not ask for the same path, nor take its `lock`: they would wait for
 * themselves.
 *
 * The lock is that of `lock(path)`, `<path>.lock`, which stays. Who finds a good thing takes no lock and waits for nobody,
 * not even while another refreshes it. Those of one thread who find none wait in line, and look again when they come to
 * the front.
 *
 * @param path A path, or a `file:` URL. A link is followed: what it leads to is looked at, made, replaced and locked.
 * @param produce Gets `stage`, a private path beside `path`, and `signal` and `fence`. Of kind `directory`: `stage` is an
 *   empty directory, to be filled. Of kind `file`: it writes a file at `stage`; or answers the content, a string, a
 *   view, or an iterable, async iterable or stream of those, which is then written there.
 * @param options `timeout` (ms) is for the whole call, `stale` and `heartbeat` (ms) are those of `lock`.
 * @returns `path`, absolute, and `made`.
 * @throws What `produce` or `validate` threw, that very object. `ERR_NOT_PRODUCED`: it made nothing, or something of another
 *   kind. `ERR_LOCK_HELD`: another produces, and `timeout` has passed (`cause`), or `wait` is false, or the sync form
 *   would wait for its own thread. `ERR_TIMEOUT`, `ABORT_ERR`: while it was produced. EISDIR, EINVAL, ENOTDIR: what is there
 *   is of another kind. What the system said, unchanged: ENOENT (no directory, and no `parents`), EACCES, ENOSPC ...
 *
 * @example
 * const { path, made } = await getOrCreate('cache/model.bin', async (_, { signal }) => (await fetch(url, { signal })).body!, {
 *   validate: async file => (await sha256(file)) === expected,
 * })
 *
 * Source of the protocol: double-checked locking, with a lock that death releases, and results that appear whole: stage
 * and link, or rename.
 */
export const getOrCreate = Object.assign(
  async (path: string | URL, produce: Producer<Kind>, options?: GetOrCreateOptions) => {
    const place = new Place()
    try {
      return await making(path, produce, options, { before: ({ path }) => place.take(`${resolve(path)}.lock`) })
    } finally {
      place.leave()
    }
  },
  {
    sync: (path: string | URL, produce: Producer<Kind>, options?: GetOrCreateOptions) =>
      making.sync(path, produce, options),
    steps: (path: string | URL, produce: Producer<Kind>, options?: GetOrCreateOptions) =>
      making.steps(path, produce, options),
  },
) as GetOrCreate
