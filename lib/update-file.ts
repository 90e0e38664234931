import { dual } from './core/dual.js'
import { publishing } from './core/publication.js'
import type { Steps } from './core/steps.js'
import { lockTurn } from './lock/options.js'
import type { UpdateFileOptions } from './update-file/options.js'
import { asUpdate, type Change, update } from './update-file/update.js'

/**
 * Changes a file: reads it, passes its content to `change`, and writes what that returns, while a lock excludes all
 * other callers of this function.
 *
 * Holds afterwards: the file holds, as a whole, what `change` returned for exactly the content that the file had: of
 * many callers, in threads, processes and containers, none undoes what another did. Readers need no lock, and see all
 * of the old content or all of the new. If `change` returns undefined, the file is not touched. If `change` fails, or
 * the content cannot be read without loss, that error comes out, and the file is as it was. A process that is killed
 * has changed the file or has not, and the lock passes to the next caller. JSON keeps its indentation (one line stays
 * one line; a new file gets 2 spaces), its line ends and its byte order mark.
 *
 * Not promised: what `lock` does not promise about holders that are taken for dead. Programs that write the file
 * without this function, and without `lock(file)`, are not excluded. `change` cannot take the lock again, with this
 * function or with `lock`: it is refused. Links to one file share its lock; hard links are separate files,
 * as for `writeFile`. A call that is stopped after `change` has returned may have changed the file. Numbers that
 * JavaScript cannot hold, and names that an object has twice, do not survive JSON.
 *
 * @param file A path, or a `file:` URL. Links are followed. The lock is a directory, `<file>.lock`, which stays beside
 *   the file, unless `lockPath` or `lockDir` say otherwise, as for `lock`.
 * @param change Gets the content of the file, or undefined if there is no file, and a `signal`. Returns the new content,
 *   or undefined to leave the file as it is; or, but not in the sync form, a promise for that. It is called once, or never.
 * @param options `timeout` and `signal` also end the waiting for the lock and for `change`, which is left behind then: its
 *   `signal` is aborted, and what it returns later is ignored.
 * @returns The content of the file now: what `change` returned, or what it was given; undefined if there is no file.
 * @throws The error that `change` threw, unchanged. `ERR_INVALID_JSON` (`position` from 0, `line` and `column` from 1):
 *   also of an empty file. `ERR_ENCODING_INVALID_ENCODED_DATA`: the bytes are not valid in the encoding.
 *   `ERR_INVALID_RETURN_VALUE`: `change` returned something that no file can hold. `ERR_LOCK_HELD`: `timeout` has
 *   passed, and `holder` has the lock; or the call would wait for itself (see `lock`). `ERR_LEASE_LOST`: another
 *   process has taken over the lock, before the file was written or while it was. EACCES: another user has put the file,
 *   or a link, into a sticky directory that others may write. What `lock` and `writeFile` throw.
 *   `published` of each error says whether the file was written (see `Published`).
 *
 * @example
 * await updateFile('config.json', (old: object = {}) => ({ ...old, theme: 'dark' }), { json: true })
 * const count = updateFile.sync('count', old => String(Number(old ?? 0) + 1))
 *
 * Source of the protocol: `Transform` of Go's `cmd/go/internal/lockedfile`.
 */
export const updateFile = dual(
  publishing(function* updateFile(
    publication,
    file: File,
    change: Change,
    options: UpdateFileOptions = {},
  ): Steps<unknown> {
    return yield* update(asUpdate(file, change, options, publication))
  }),
  { turns: (file, options) => lockTurn(file, options) },
) as unknown as UpdateFile

export type { UpdateFileOptions } from './update-file/options.js'

/** What `change` gets besides the content. */
export interface Work {
  /** Aborted as soon as the result is not wanted any more: the call was stopped or timed out, or the lock is lost. */
  readonly signal: AbortSignal
  /** The fencing token of the lock. */
  readonly fence: number
}

type File = string | URL
type Piece = string | NodeJS.ArrayBufferView

/** What each form of the call returns. */
interface Results<T> {
  readonly promise: Promise<T>
  readonly value: T
  readonly steps: Steps<T>
}
/** What `change` may return. */
type Changed<T, F> = T | undefined | (F extends 'value' ? never : PromiseLike<T | undefined>)

interface UpdateJson extends UpdateFileOptions {
  readonly json: true
  readonly encoding?: 'utf8' | 'utf-8' | undefined
}
interface UpdateBytes extends UpdateFileOptions {
  readonly json?: false | undefined
  readonly encoding: 'buffer'
}
interface UpdateText extends UpdateFileOptions {
  readonly json?: false | undefined
  readonly encoding?: BufferEncoding | undefined
}

interface Updates<F extends keyof Results<unknown>> {
  <T = unknown>(
    file: File,
    change: (old: T | undefined, work: Work) => Changed<T, F>,
    options: UpdateJson,
  ): Results<T | undefined>[F]
  <N extends Piece>(
    file: File,
    change: (old: Buffer | undefined, work: Work) => Changed<N, F>,
    options: UpdateBytes,
  ): Results<N | Buffer | undefined>[F]
  <N extends Piece>(
    file: File,
    change: (old: string | undefined, work: Work) => Changed<N, F>,
    options?: UpdateText,
  ): Results<N | string | undefined>[F]
}

export interface UpdateFile extends Updates<'promise'> {
  /** The same, without a promise: it blocks the thread while it waits. */
  readonly sync: Updates<'value'>
  /** The same, as steps of a larger algorithm; `signal` and `timeout` are those of the outermost call. */
  readonly steps: Updates<'steps'>
}
