// What is seen of a hold: by others, and by its holder if it is lost.

/** Who holds a lock. */
export interface Holder {
  /** The thread, as locks spell it: where it is, and the ids and births of its process and itself. */
  readonly owner: string
  /** Its pid, on its own machine and in its own pid namespace; undefined if another package holds the lock. */
  readonly pid: number | undefined
  /** The id of its thread, as the system numbers it; undefined if it is the main thread, or if that does not show. */
  readonly thread: number | undefined
  /**
   * The name of its machine or container: that of this one if it runs here, or what it has left with a label or data;
   * undefined if neither is known.
   */
  readonly host: string | undefined
  /** The fencing token of its hold. */
  readonly fence: number
  /**
   * When it took the lock, in milliseconds since 1970: by this machine's clock if it is on the same boot (time in which the
   * machine sleeps may be missing), or by the filesystem's if it has left a label or data; undefined if neither is known.
   */
  readonly since: number | undefined
  /** Undefined if unknown: the holder is on another machine, in another container, or from an earlier boot. */
  readonly alive: boolean | undefined
  /** As its option `label` says. */
  readonly label: string | undefined
  /** What it has published with `lease.publish`; undefined if it has published nothing. */
  readonly data: unknown
  /** Set if another package holds the lock: nothing more is known then. */
  readonly foreign?: true
}

/** What a call that waits for a lock knows. */
export interface Waiting {
  /** Who holds it. */
  readonly holder: Holder
  /** Since when, as `holder.since` says. */
  readonly since: number | undefined
  /** How long (ms) the call has waited. */
  readonly waited: number
}

/**
 * What has shown that a holder is over. `dead`: its process or thread has ended. All others say that it has made no
 * heartbeat for as long as it had promised: `beat`: by a clock that both read; `watched`: the call
 * has waited for so long; `witnessed`: it, and calls before it; `file-time`: by the filesystem's clock.
 */
export type Evidence = 'dead' | 'beat' | 'watched' | 'witnessed' | 'file-time'

/** What the diagnostics channel `holdfast:takeover` carries. */
export interface Takeover {
  /** The function that has taken the lock over. */
  readonly function: string
  readonly path: string
  /** The fence of the new hold. */
  readonly fence: number
  /** Who held it before. */
  readonly holder: Holder
  readonly evidence: Evidence
}

export type LostBecause =
  | 'another holder has taken it over'
  | 'another holder has taken it over, and released it'
  | 'it was broken (lock.break)'
  | 'another process has freed it'
  | 'its directory is gone'
  | 'its directory is empty'
  | 'something else is in its place'
  | 'the filesystem did not say whether it was kept'

/** What a holder has found in the place of its own state. */
export interface Loss {
  readonly because: LostBecause
  /** Who holds the lock now. */
  readonly holder?: Holder | undefined
  /** The fence that is there now. */
  readonly fence?: number | undefined
  readonly cause?: unknown
}
