import type { Steps } from '../core/steps.js'
import type { Kept } from './backing.js'

/** A state that says what another one says, and has its data in another way. */
export abstract class KeptOver implements Kept {
  readonly id: string
  readonly lineage: readonly string[]
  readonly kind: Kept['kind']
  readonly version: string
  readonly writtenAtMs: number
  readonly endsAtMs: number | undefined
  readonly staleMs: number
  readonly claim: Kept['claim']
  readonly lastFence: number

  constructor(
    readonly kept: Kept,
    readonly readAtMs = kept.readAtMs,
  ) {
    this.id = kept.id
    this.lineage = kept.lineage
    this.kind = kept.kind
    this.version = kept.version
    this.writtenAtMs = kept.writtenAtMs
    this.endsAtMs = kept.endsAtMs
    this.staleMs = kept.staleMs
    this.claim = kept.claim
    this.lastFence = kept.lastFence
  }

  abstract data(): Steps<Uint8Array | 'moved' | 'damaged'>
}
