import type { Durability } from '../core/input.js'
import type { Stats } from '../core/stats.js'
import type { Trial } from '../parts/achieve.js'
import type { Parents } from '../parts/parents.js'
import type { Batch } from './records.js'

/** A call under way. */
export interface Appending {
  readonly path: string
  readonly batches: readonly Batch[]
  readonly mode: number
  readonly durability: Durability
  readonly parents: Parents | undefined
  readonly trial: Trial
  /** Under which this thread keeps in mind how it has left the file. */
  readonly key: string
  /** How that was, a moment ago. */
  left: Stats | undefined
  /** How many records are known to be in the file, each as a line of its own: the first ones. */
  appended: number
  /** How many batches are in it as a whole, and their records. A failed attempt goes on behind them. */
  batch: number
  done: number
  /** What of the next batch is not in it; undefined if nothing of that was written. */
  rest: Uint8Array | undefined
}

/** The end of the file, as this call knows it. */
export interface Tail {
  /** How many bytes the file had. */
  size: number
  /** The last of them is a line end, or there is none. */
  isClosed: boolean
}
