// Waiting until a directory changes. A watcher ends with the first change, because more may follow it, thousands a
// second. It outlives a wait that saw no change, so that nothing goes unseen between two waits. Where the system cannot
// watch (its limits, network mounts), a wait lasts its full time.

import type { Done, Wake } from './done.js'
import { clearTimeout, setTimeout } from './timers.js'
import { longestTimerMs } from './wait.js'

/** Begins to watch, and returns how to stop. Throws if the system cannot watch `dir`. */
export type StartWatching = (dir: string, onChange: () => void, onError: () => void) => () => void

/** Milliseconds for which a watcher goes on without a wait. */
const idleMs = 500

const watchers = new Map<string, DirectoryWatcher>()

/** Waits until the directory has changed since the last wait, or until `ms` milliseconds have passed. */
export function waitForChange(dir: string, ms: number, startWatching: StartWatching, done: Done): Wake {
  const running = watchers.get(dir)
  const watcher = running ?? new DirectoryWatcher(dir, startWatching)
  // The caller may have missed a change before the watcher began, so the first wait ends at once.
  return watcher.wait(running || !watcher.canWatch ? ms : 0, done)
}

class DirectoryWatcher {
  readonly #dir: string
  readonly #stop: (() => void) | undefined
  /** How to end each wait. */
  readonly #waits = new Set<() => void>()
  #idleTimer: NodeJS.Timeout | undefined

  constructor(dir: string, startWatching: StartWatching) {
    this.#dir = dir
    const onChange = () => {
      this.#close()
      for (const end of [...this.#waits]) end()
    }
    try {
      // After an error, the waits last their full time.
      this.#stop = startWatching(dir, onChange, () => this.#close())
    } catch {
      // It is kept for a while all the same, so that not every wait tries to watch again.
    }
    watchers.set(dir, this)
  }

  get canWatch(): boolean {
    return this.#stop !== undefined
  }

  /** Ends after `ms`, or with the next change if that comes first. */
  wait(ms: number, done: Done): Wake {
    clearTimeout(this.#idleTimer)
    const end = () => {
      if (!this.#waits.delete(end)) return
      clearTimeout(timer)
      if (this.#waits.size === 0 && this.#isOpen) this.#idleTimer = setTimeout(() => this.#close(), idleMs).unref()
      done(null)
    }
    const timer = setTimeout(end, Math.min(ms, longestTimerMs))
    this.#waits.add(end)
    return end
  }

  get #isOpen(): boolean {
    return watchers.get(this.#dir) === this
  }

  #close(): void {
    if (this.#isOpen) watchers.delete(this.#dir)
    clearTimeout(this.#idleTimer)
    this.#stop?.()
  }
}
