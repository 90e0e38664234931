import type { Durability } from '../core/input.js'
import type { Progress } from '../core/progress.js'
import type { Steps } from '../core/steps.js'
import type { LockingOptions } from '../lock/options.js'
import type { ContentOf, Read } from './content.js'
import type { Kind, Producer } from './produce.js'

export interface GetOrCreateOptions<K extends Kind = Kind, R extends Read | undefined = Read | undefined>
  extends LockingOptions {
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
  /**
   * Milliseconds: what was changed longer ago than that (its `mtime`, by the clock of its filesystem) is produced again, by
   * one caller; the others wait for that, or, with `wait: false`, get `ERR_LOCK_HELD`, and can use what is still there.
   * What another call has made since this one began is new enough. @default Infinity
   */
  readonly maxAge?: number | undefined
  /**
   * Of a file: returns its `content`, too, as a Buffer (`buffer`), as the value of JSON (`json`), or as a text in an
   * encoding (`utf8`). @default the content is not read
   */
  readonly read?: R
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

/** The same with the content, if that is read. */
export type GotAs<R> = R extends Read ? Got & { readonly content: ContentOf<R> } : Got

export interface GetOrCreate {
  <K extends Kind = 'file', R extends Read | undefined = undefined>(
    path: string | URL,
    produce: Producer<K>,
    options?: GetOrCreateOptions<K, R>,
  ): Promise<GotAs<R>>
  /** The same, without a promise: it blocks the thread, and `produce` and `validate` must not return promises. */
  sync<K extends Kind = 'file', R extends Read | undefined = undefined>(
    path: string | URL,
    produce: Producer<K>,
    options?: GetOrCreateOptions<K, R>,
  ): GotAs<R>
  /** The same, as steps of a larger algorithm; `signal` and `timeout` are those of the outermost call. */
  steps<K extends Kind = 'file', R extends Read | undefined = undefined>(
    path: string | URL,
    produce: Producer<K>,
    options?: GetOrCreateOptions<K, R>,
  ): Steps<GotAs<R>>
}
