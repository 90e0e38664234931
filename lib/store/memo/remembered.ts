// What a memo has of a key, and the states that it makes of that.

import type { Steps } from '../../core/steps.js'
import type { Kept } from '../backing.js'
import { just } from '../just.js'
import { KeptOver } from '../kept-over.js'

/** A state that was seen, and its value once that was read. */
export interface Memory {
  readonly kept: Kept
  /** Monotonic clock: when the call began that brought it. */
  readonly atMs: number
  /** Only the memo has these bytes, so they stay as they are. */
  bytes: Uint8Array | undefined
  /** What each read returns, if the value never ends. */
  endless: Kept | undefined
}

export interface Owner {
  /** How bytes are taken from others and given to them: copied, unless the codec copies them anyway. */
  copy(bytes: Uint8Array): Uint8Array
}

/** A state whose value is in memory, or will be. */
export class Remembered extends KeptOver {
  /** `owner`: a memo over a memo has states of both. */
  constructor(
    readonly owner: Owner,
    readonly memory: Memory,
    readAtMs: number,
  ) {
    super(memory.kept, readAtMs)
  }

  data(): Steps<Uint8Array | 'moved' | 'damaged'> {
    const { bytes } = this.memory
    return bytes ? just(() => this.owner.copy(bytes)) : this.#read()
  }

  *#read(): Steps<Uint8Array | 'moved' | 'damaged'> {
    const bytes = yield* this.memory.kept.data()
    if (typeof bytes === 'string') return bytes
    this.memory.bytes = bytes
    return this.owner.copy(bytes)
  }
}
