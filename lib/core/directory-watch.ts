// Watching a directory for whoever waits for a change there. It ends with the first change, because where there is one,
// more may follow, thousands a second; it goes on where there was none, so that nothing is missed between two waits.
// It is a comfort: where there is none (limits of the system, network mounts), a wait simply lasts its full time.

import { type Done, longestTimerMs, type Wake } from './wait.js'

interface DirectoryWatcher {
  /** Undefined where the system watches nothing. */
  readonly stop: (() => void) | undefined
  readonly waiting: Set<() => void>
  idle: NodeJS.Timeout | undefined
}

type Watch = (dir: string, hint: () => void, failed: () => void) => () => void

const watchers = new Map<string, DirectoryWatcher>()

/** Milliseconds for which nobody waits, and it is still kept. */
const keptMs = 500

/** Waits until the directory has changed since the last wait, or so many milliseconds. */
export function waitForChange(dir: string, ms: number, watch: Watch, done: Done): Wake {
  const known = watchers.get(dir)
  const vigil = known ?? begin(dir, watch)
  clearTimeout(vigil.idle)
  let over = false
  const end = () => {
    if (over) return
    over = true
    clearTimeout(timer)
    vigil.waiting.delete(end)
    if (vigil.waiting.size === 0) vigil.idle = setTimeout(close, keptMs, dir, vigil).unref()
    done(null)
  }
  // Before it is watched, something may happen that whoever waits has not seen: the first wait is none.
  const timer = setTimeout(end, known || !vigil.stop ? Math.min(ms, longestTimerMs) : 0)
  vigil.waiting.add(end)
  return end
}

function begin(dir: string, watch: Watch): DirectoryWatcher {
  const over = () => close(dir, vigil)
  const hint = () => {
    over()
    for (const wake of [...vigil.waiting]) wake()
  }
  const vigil: DirectoryWatcher = { stop: started(() => watch(dir, hint, over)), waiting: new Set(), idle: undefined }
  watchers.set(dir, vigil)
  return vigil
}

function started(watch: () => () => void): (() => void) | undefined {
  try {
    return watch()
  } catch {
    return undefined
  }
}

/** Those who still wait do so to the end of their time. */
function close(dir: string, vigil: DirectoryWatcher): void {
  if (watchers.get(dir) === vigil) watchers.delete(dir)
  clearTimeout(vigil.idle)
  vigil.stop?.()
}
