import type { Locking } from '../lock/hold.js'
import type { Reader } from './content.js'
import type { Producing } from './produce.js'
import type { Target } from './publish.js'

/** A call under way. */
export interface Making extends Producing {
  readonly path: string
  readonly validate: ((path: string) => boolean | PromiseLike<boolean>) | undefined
  readonly refresh: boolean
  /** Undefined: of any age. */
  readonly maxAgeMs: number | undefined
  readonly wait: boolean
  /** Undefined: the content is not wanted. */
  readonly reader: Reader | undefined
  /** The lock of what is at a path. */
  readonly locking: (at: string) => Locking
  /** What was there when the call began. */
  first: Target | undefined
  /** What was read of the result. */
  content: unknown
}
