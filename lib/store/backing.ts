// What an engine must do for a store: keep one state for each key, and replace a state only for a caller that saw exactly
// that. Everything else (./contract.ts) is one text over these calls, so it is the same on every engine.

import type { Steps } from '../core/steps.js'
import type { Part } from './limiter/rule.js'

/** An engine that a store keeps its values in. */
export interface Backing {
  /** The state of a key; undefined: there is none. One that has expired is a state still. */
  read(key: string): Steps<Kept | undefined>

  /**
   * The same for a call that only reads, where a copy will do that may be older than the call (see `tiers` and `memo`). What
   * refuses or makes a change is judged by `read`. Absent: the engine has no copies.
   */
  glance?(key: string): Steps<Kept | undefined>

  /**
   * The state that this thread has made of a key a moment ago, without a look at what is there now: for a caller that goes
   * on to commit from it, and reads the key if that returns `'moved'`. Absent, or undefined: nothing is remembered.
   */
  recall?(key: string): Steps<Kept | undefined>

  /**
   * Replaces exactly `from` (undefined: there is no state) by `to` (undefined: there is none afterwards). Returns what is
   * there now, if this call put it there; `'removed'` if it took the state away; `'moved'` if `from` is not there any more.
   * Throws `ERR_UNKNOWN_OUTCOME` (see ./unknown-outcome.ts) where none of them can be known.
   */
  commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'>

  /**
   * The states of all keys that begin with `prefix`, in any order, a page at a time. A key that has a state all the time comes
   * once. `cursor`: what the page before returned; undefined: the first page is asked for, or it was the last.
   */
  list(prefix: string, cursor: unknown): Steps<Page>

  /** Waits until the state of the key may have changed, but at most so many milliseconds. That it returned is a hint. */
  changed(key: string, ms: number): Steps<void>

  /** Milliseconds since 1970 on the clock by which times of this engine are meant: the machine's, or the server's. */
  now(): Steps<number>

  /** Who makes claims, and which of those that have made one are alive. */
  readonly claims: ClaimEvidence

  /**
   * Judges a hit of a limiter by the state of the key, where that is, and counts it, in one step. Absent: the limiter reads
   * the state, and commits the one that comes after it.
   */
  count?(key: string, hit: CountedHit): Steps<Counted>

  /** What limiters count in the memory of this thread, and replace at once. Absent: states are somewhere else. */
  readonly counts?: Counts

  /** Is this very state still there? It lets a memo be right. Absent: the engine has no way that is cheaper than `read`. */
  stillThere?(key: string, kept: Kept): Steps<boolean>

  /** Removes what no state names and no living process will name, and reports what it removed. */
  sweep?(): Steps<number>

  /** Gives back what the engine holds open. What was passed in by the caller stays open. */
  close?(): Steps<void>
}

/** A hit of a limiter. */
export interface CountedHit {
  readonly parts: readonly Part[]
  /** 0: nothing is to be changed. */
  readonly cost: number
  /** It is counted even if it is not allowed. */
  readonly isCounted: boolean
}

/** What has become of it. */
export interface Counted {
  /** When it was judged. */
  readonly clockMs: number
  /** What was counted before, as a limiter spells it. */
  readonly before: Uint8Array | undefined
  readonly isCounted: boolean
}

/** What limiters count in memory. */
export interface Counts {
  now(): number
  /** `counted`: undefined if it was not put there by a limiter; then `bytes` says it, if there is a value. */
  get(key: string): { readonly counted?: CountedStates; readonly bytes: Uint8Array | undefined } | undefined
  /** `atMs`: what `now` has returned. */
  put(key: string, counted: CountedStates, atMs: number): void
}

/** What is counted: numbers for each part of a rule. */
export interface CountedStates {
  readonly parts: readonly Part[]
  readonly states: readonly (readonly number[] | undefined)[]
}

/** Who makes claims, and is a process that has made one alive? */
export interface ClaimEvidence {
  /** This thread, in letters, digits and `-`. */
  self(): Steps<string>
  /** Is the thread that made a claim alive? undefined: that cannot be known here, so the claim is watched. */
  alive(owner: string): Steps<boolean | undefined>
}

export interface Page {
  readonly entries: readonly (readonly [key: string, kept: Kept])[]
  readonly cursor: unknown
}

/** What a key's state is to be. */
export interface Draft {
  /** Random (16 digits), and never used twice. */
  readonly id: string
  /** The ids of the states before, the latest first: three are enough to recognise a commit after two others. */
  readonly lineage: readonly string[]
  /** `live`: it has a value. `gone`: it was deleted, and that is remembered. `none`: there is a claim, and nothing else. */
  readonly kind: 'live' | 'gone' | 'none'
  /** The id of the state that the value, or the tombstone, came with: touches and claims leave it as it is. */
  readonly version: string
  /** When the value, or the tombstone, came: as `Kept` says it. undefined: with this commit. */
  readonly writtenAtMs: number | undefined
  /** When the value, or the tombstone, ends: at a time of the engine's clock, or so long after the commit. undefined: never. */
  readonly ends: { readonly atMs: number } | { readonly inMs: number } | undefined
  /** For how long after its end (ms) a value is kept for those that take a stale one. */
  readonly staleMs: number
  /** The call that is making a value for the key. */
  readonly claim: Claim | undefined
  /** The encoded value; `'keep'`: that of the state before. undefined: `kind` is not `live`. */
  readonly data: Uint8Array | 'keep' | undefined
  /**
   * The commit is made only as long as the entry of the state before has not ended: later it is `'moved'`, because then the
   * entry was absent to others. @default false
   */
  readonly whileLive?: boolean
}

export interface Claim {
  /** As `ClaimEvidence` spells it. */
  readonly owner: string
  /** Greater than that of every claim on the key before, as long as the key has a state. */
  readonly fence: number
  /** For how long (ms) the state may stay unchanged until a claim whose owner cannot be judged counts as dead. */
  readonly leaseMs: number
}

/** A state that was seen. */
export interface Kept extends Omit<Draft, 'ends' | 'data' | 'writtenAtMs'> {
  /** When the value, or the tombstone, came (ms since 1970, engine's clock): touches and claims leave it as it is. */
  readonly writtenAtMs: number
  /** When the value, or the tombstone, ends (ms since 1970, engine's clock); undefined: never. */
  readonly endsAtMs: number | undefined
  /** What the engine's clock said when the state was read. */
  readonly readAtMs: number
  /** The last claim's fence, if the engine remembers it after the claim has gone. @default 0 */
  readonly lastFence: number
  /** What a limiter of this thread has counted, if it has made this state: it need not be read in the value again. */
  counted?: CountedStates | undefined
  /**
   * The encoded value. `'moved'`: it was replaced meanwhile, so the key must be read again. `'damaged'`: it is not what was
   * written, as after a power cut.
   */
  data(): Steps<Uint8Array | 'moved' | 'damaged'>
}
