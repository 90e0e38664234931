import { dual } from './core/dual.js'
import type { Steps } from './core/steps.js'
import { lockTurn } from './lock/options.js'
import type { UpdateFileOptions } from './update-file/options.js'
import { asUpdate, type Change, update } from './update-file/update.js'

/**
 * Changes a file: reads it, lets `change` compute what it shall hold, and writes that, while a lock keeps out all
 * others who do the same.
 *
 * Holds afterwards: what `change` answered is in the file, whole, and came of exactly what was in it: of many
 * callers, in threads, processes and containers, none undoes what another did. Readers need no lock, and see all of
 * the old or all of the new. If `change` answers undefined nothing is touched; if it fails, or what is there cannot
 * be read without loss, that error comes out and the file is as it was. Whoever is killed has changed the file or
 * has not, and the lock goes on to the next. JSON keeps its indentation (one line stays one line; a new file: 2
 * spaces), its line ends and its byte order mark.
 *
 * Not promised: what `lock` does not promise of holders that are taken for dead. Others who write the file without
 * this function, or without `lock(file)`, are not kept out. `change` must not take the lock again, by this function
 * or by `lock`: that would wait for itself. Links to one file share its lock; hard links are files of their own, as
 * for `writeFile`. Whoever is stopped after `change` has answered may have changed the file. Numbers that
 * JavaScript cannot hold, and names that an object has twice, do not survive JSON.
 *
 * @param file A path, or a `file:` URL. Links are followed. The lock is a directory, `<file>.lock`, which stays
 *   beside it.
 * @param change Gets what the file holds, undefined if there is none, and answers the new content, or undefined to
 *   leave it as it is; or (but not in the sync form) a promise for that. Called once, or never.
 * @param options `timeout` and `signal` end the waiting for the lock, and for `change`.
 * @returns What the file holds now: the answer of `change`, or what it was given; undefined: there is no file.
 * @throws What `change` threw, that very object. `ERR_INVALID_JSON` (`position` from 0, `line` and `column` from
 *   1): an empty file is none, either. `ERR_ENCODING_INVALID_ENCODED_DATA`: the bytes are no such text.
 *   `ERR_INVALID_RETURN_VALUE`: an answer that no file can hold. `ERR_LOCK_HELD`: `timeout` has passed, and
 *   `holder` has the lock; or the sync form would wait for its own thread. `ERR_LEASE_LOST`: another has taken the
 *   lock over, before the file was written, or else while it was. What `lock` and `writeFile` throw.
 *
 * @example
 * await updateFile('config.json', (old: object = {}) => ({ ...old, theme: 'dark' }), { json: true })
 * const count = updateFile.sync('count', old => String(Number(old ?? 0) + 1))
 *
 * Source of the protocol: `Transform` of Go's `cmd/go/internal/lockedfile`.
 */
export const updateFile = dual(function* updateFile(
  file: File,
  change: Change,
  options: UpdateFileOptions = {},
): Steps<unknown> {
  return yield* update(asUpdate(file, change, options))
}, lockTurn) as unknown as UpdateFile

export type { UpdateFileOptions } from './update-file/options.js'

type File = string | URL
type Piece = string | NodeJS.ArrayBufferView

/** What each form of the call answers, and what its `change` may. */
interface Answers<T> {
  readonly promise: Promise<T>
  readonly value: T
  readonly steps: Steps<T>
}
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

interface Updates<F extends keyof Answers<unknown>> {
  <T = unknown>(
    file: File,
    change: (old: T | undefined) => Changed<T, F>,
    options: UpdateJson,
  ): Answers<T | undefined>[F]
  <N extends Piece>(
    file: File,
    change: (old: Buffer | undefined) => Changed<N, F>,
    options: UpdateBytes,
  ): Answers<N | Buffer | undefined>[F]
  <N extends Piece>(
    file: File,
    change: (old: string | undefined) => Changed<N, F>,
    options?: UpdateText,
  ): Answers<N | string | undefined>[F]
}

export interface UpdateFile extends Updates<'promise'> {
  /** The same, at once: it blocks the thread while it waits. */
  readonly sync: Updates<'value'>
  /** The same, as steps of a larger algorithm; `signal` and `timeout` are those of the outermost call. */
  readonly steps: Updates<'steps'>
}
