// The types of `updateFile`: of one file or several, and of text, bytes, JSON or another format.

import type { Steps } from '../core/steps.js'
import type { UpdateFileOptions } from './options.js'

/** What `change` gets besides the content. */
export interface Work {
  /** Aborted as soon as the result is not wanted any more: the call was stopped or timed out, or the lock is lost. */
  readonly signal: AbortSignal
  /** The fencing token of the lock; 0 without one, where nothing can be written. */
  readonly fence: number
}

/** What `change` gets besides the contents of several files. */
export interface WorkOnFiles {
  /** Aborted as soon as the result is not wanted any more: the call was stopped or timed out, or a lock is lost. */
  readonly signal: AbortSignal
  /** The fencing token of each file's lock; 0 for a file without one, where nothing can be written. */
  readonly fences: readonly number[]
}

type File = string | URL
type Piece = string | NodeJS.ArrayBufferView

/** What each form of the call returns. */
interface Results<T> {
  readonly promise: Promise<T>
  readonly value: T
  readonly steps: Steps<T>
}
type Form = keyof Results<unknown>
/** What `change` may return. */
type Changed<T, F extends Form> = T | undefined | (F extends 'value' ? never : PromiseLike<T | undefined>)
/** Of each file, its value; undefined if there is no file, or if it is to stay as it is. */
type Each<T extends readonly unknown[]> = { [I in keyof T]: T[I] | undefined }
type Next<T extends readonly unknown[]> = { readonly [I in keyof T]: T[I] | undefined }

interface UpdateJson extends UpdateFileOptions {
  readonly json: true
  readonly parse?: undefined
  readonly encoding?: 'utf8' | 'utf-8' | undefined
}
interface UpdateParsed<T> extends UpdateFileOptions {
  readonly json?: false | undefined
  readonly encoding?: BufferEncoding | undefined
  readonly parse: (text: string) => T
  readonly stringify: (value: T) => Piece
}
interface UpdateParsedBytes<T> extends UpdateFileOptions {
  readonly json?: false | undefined
  readonly encoding: 'buffer'
  readonly parse: (bytes: Buffer) => T
  readonly stringify: (value: T) => Piece
}
interface UpdateBytes extends UpdateFileOptions {
  readonly json?: false | undefined
  readonly parse?: undefined
  readonly encoding: 'buffer'
}
interface UpdateText extends UpdateFileOptions {
  readonly json?: false | undefined
  readonly parse?: undefined
  readonly encoding?: BufferEncoding | undefined
}

/** One file. `Old` is what `change` gets of a file that is there, and `New` what it may return. */
type One<Old, New, F extends Form> = (old: Old | undefined, work: Work) => Changed<New, F>
type Several<T extends readonly unknown[], F extends Form> = (old: Each<T>, work: WorkOnFiles) => Changed<Next<T>, F>

interface Updates<F extends Form> {
  <T extends readonly unknown[] = unknown[]>(
    files: readonly File[],
    change: Several<T, F>,
    options: UpdateJson,
  ): Results<Each<T>>[F]
  <T>(
    files: readonly File[],
    change: Several<T[], F>,
    options: UpdateParsed<T> | UpdateParsedBytes<T>,
  ): Results<(T | undefined)[]>[F]
  (
    files: readonly File[],
    change: (old: (Buffer | undefined)[], work: WorkOnFiles) => Changed<readonly (Piece | undefined)[], F>,
    options: UpdateBytes,
  ): Results<(Piece | undefined)[]>[F]
  (
    files: readonly File[],
    change: (old: (string | undefined)[], work: WorkOnFiles) => Changed<readonly (Piece | undefined)[], F>,
    options?: UpdateText,
  ): Results<(Piece | undefined)[]>[F]
  <T = unknown>(file: File, change: One<T, T, F>, options: UpdateJson): Results<T | undefined>[F]
  <T>(file: File, change: One<T, T, F>, options: UpdateParsed<T> | UpdateParsedBytes<T>): Results<T | undefined>[F]
  <N extends Piece>(file: File, change: One<Buffer, N, F>, options: UpdateBytes): Results<N | Buffer | undefined>[F]
  <N extends Piece>(file: File, change: One<string, N, F>, options?: UpdateText): Results<N | string | undefined>[F]
}

export interface UpdateFile extends Updates<'promise'> {
  /** The same, without a promise: it blocks the thread while it waits. */
  readonly sync: Updates<'value'>
  /** The same, as steps of a larger algorithm; `signal` and `timeout` are those of the outermost call. */
  readonly steps: Updates<'steps'>
}
