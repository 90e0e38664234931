import type { Durability } from '../core/input.js'
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
  /** How many records are known to be in the file, each as a line of its own. */
  appended: number
  /** How many batches are in it as a whole, and how many bytes of the next one. A failed attempt goes on there. */
  batch: number
  written: number
}

/** The end of the file, as this call knows it. */
export interface Tail {
  /** How many bytes the file had. */
  size: number
  /** The last of them is a line end, or there is none. */
  isClosed: boolean
}
