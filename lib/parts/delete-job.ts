// What a deletion was asked for, and how much of it is done.

import { asConcurrency, asFunction } from '../core/input.js'
import { emptySum, type Reporting } from '../core/progress.js'

/** Counts the things that are gone, and those that must go as far as is known; what finds the topmost counts that. */
export interface DeleteJob extends Reporting {
  readonly concurrency: number
}

interface DeleteOptions {
  readonly concurrency?: number | undefined
  readonly onProgress?: DeleteJob['onProgress']
}

export const asDeleteJob = ({ concurrency, onProgress }: DeleteOptions, total = 0): DeleteJob => ({
  concurrency: asConcurrency(concurrency),
  onProgress: asFunction(onProgress, 'options.onProgress'),
  sum: emptySum(total),
})

/** A deletion whose progress is reported to no caller. */
export const silently = (concurrency = 64): DeleteJob => ({
  concurrency,
  onProgress: undefined,
  sum: emptySum(0),
})
