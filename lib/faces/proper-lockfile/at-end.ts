import { setImmediate, setTimeout } from '../../core/timers.js'

// What is to be done when this process ends: by `process.exit`, by an error that is uncaught, because nothing is left to
// do, or by a signal that ends it. Listeners are there only as long as there is something to do.

const signals: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGBREAK']

/** To begin to listen, and to end that, takes longer than to take a lock, so it ends when no lock was taken for a while. */
const restMs = 1000

let atEnd: (() => void) | undefined
let isWanted = false
let isResting = false

/** Runs `work` when the process ends, until `stopReleasing`. It must not wait for anything. */
export function releaseAtEnd(work: () => void): void {
  isWanted = true
  if (atEnd) return
  atEnd = work
  process.on('exit', work)
  for (const signal of signals) listen(signal)
}

export function stopReleasing(): void {
  isWanted = false
  if (!isResting) setTimeout(stopListening, restMs).unref()
  isResting = true
}

function stopListening(): void {
  isResting = false
  if (isWanted || !atEnd) return
  process.off('exit', atEnd)
  for (const signal of signals) process.off(signal, ended)
  atEnd = undefined
}

/** Before all others, because some look who else listens. Not every system has every signal. */
function listen(signal: NodeJS.Signals): void {
  try {
    process.prependListener(signal, ended)
  } catch {
    // There is nothing to listen to.
  }
}

/**
 * A signal has come. If the program itself listens to it, that decides what comes of it, as if this listener were not
 * there: the process may live on. Otherwise the signal ends the process.
 */
function ended(signal: NodeJS.Signals): void {
  process.off(signal, ended)
  const others = process.listenerCount(signal)
  if (others > countExitHooks()) {
    setImmediate(() => {
      if (atEnd) listen(signal)
    })
    return
  }
  atEnd?.()
  if (others === 0) process.kill(process.pid, signal)
  // The hooks end it themselves, unless they have seen this listener.
  else setImmediate(() => process.kill(process.pid, signal))
}

interface Hooks {
  readonly count?: unknown
}

/** The listeners of the package signal-exit, which end the process by the signal, if no others are there. */
function countExitHooks(): number {
  const older = (process as { __signal_exit_emitter__?: Hooks }).__signal_exit_emitter__
  const newer = Reflect.get(globalThis, Symbol.for('signal-exit emitter')) as Hooks | undefined
  const counts = [older?.count, newer?.count]
  return counts.reduce<number>((sum, count) => sum + (typeof count === 'number' ? count : 0), 0)
}
