// How far a long call has come, for the caller who wants to see that.

import { markFinal } from './errors.js'
import { isInterruption } from './interruption.js'
import { fs, type Path, type Steps } from './steps.js'

/** How far a long call has come. */
export interface Progress {
  /** How many things (files, links and directories) are finished. */
  readonly done: number
  /** How many were found so far. It grows while directories are read. */
  readonly total: number
  /** Bytes that were copied or written, also of files that are not finished; 0 if nothing is copied or written. */
  readonly bytes: number
  /** How many bytes there will be; undefined where that is not known: of a directory, of a stream, of what is deleted. */
  readonly totalBytes: number | undefined
  /**
   * What this report is about: the thing that is finished, or the file of which a part is. It is named as the caller
   * knows it: where something is copied or moved, by its path in the source; of `link`, by the new name.
   */
  readonly path: string
}

export interface Sum {
  done: number
  total: number
  bytes: number
  totalBytes: number | undefined
}

export const emptySum = (total: number, totalBytes?: number): Sum => ({ done: 0, total, bytes: 0, totalBytes })

/** A call that reports how far it has come. */
export interface Reporting {
  readonly onProgress: ((progress: Progress) => unknown) | undefined
  readonly sum: Sum
}

/** Reports about the thing at a path. An error of the caller's own function is no failure that a retry may cure. */
export function* report({ onProgress, sum }: Reporting, path: Path): Steps<void> {
  if (!onProgress) return
  const { done, total, bytes, totalBytes } = sum
  try {
    yield* fs.settle(onProgress({ done, total, bytes, totalBytes, path: String(path) }))
  } catch (error) {
    if (!isInterruption(error)) yield* fs.postpone(error)
    throw markFinal(error)
  }
}

/** Counts one more thing as finished, and reports that. */
export function* reportDone(job: Reporting, path: Path): Steps<void> {
  job.sum.done++
  yield* report(job, path)
}

/** The bytes of one file that is copied or written. If an attempt fails, the next one begins to count them anew. */
export class FileProgress {
  #counted = 0
  #size: number | undefined

  constructor(
    readonly job: Reporting,
    readonly path: Path,
  ) {}

  /** `size`: how many bytes the file will have, if that is known. */
  begin(size?: number): void {
    this.job.sum.bytes -= this.#counted
    this.#counted = 0
    this.#size = size
  }

  /** So many bytes more are in the copy. Of the last ones the report comes when the file is finished. */
  *advance(more: number): Steps<void> {
    this.#count(this.#counted + more)
    if (this.#size === undefined || this.#counted < this.#size) yield* report(this.job, this.path)
  }

  /** So many bytes are in the copy, however they came there (a clone). */
  reach(bytes: number): void {
    this.#count(Math.max(bytes, this.#counted))
  }

  /** `bytes`: how many the file has. */
  *finish(bytes = this.#counted): Steps<void> {
    this.#count(bytes)
    yield* reportDone(this.job, this.path)
  }

  #count(bytes: number): void {
    const { sum } = this.job
    sum.bytes += bytes - this.#counted
    this.#counted = bytes
    // It has grown meanwhile.
    if (sum.totalBytes !== undefined) sum.totalBytes = Math.max(sum.totalBytes, sum.bytes)
  }
}

/** Undefined without `onProgress`. */
export const fileProgress = (job: Reporting, path: Path): FileProgress | undefined =>
  job.onProgress && new FileProgress(job, path)
