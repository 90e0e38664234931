// A clock that moves only while the sync form of a call rests: how long that takes does not depend on the machine. It is imported
// before the library, which keeps to the clock that it finds.

const { hrtime } = process
/** The time that stands instead of the machine's: seconds, and nanoseconds. */
let own: (() => [number, number]) | undefined
process.hrtime = Object.assign((before?: [number, number]) => own?.() ?? hrtime(before), { bigint: hrtime.bigint })

/** Milliseconds for each look at the clock, so that what looks and never rests comes to an end, too. */
const lookMs = 0.001

/**
 * Runs work that waits for nothing but rests. Returns how long it rested (ms), and what it threw.
 *
 * @param work Blocks the thread.
 */
export function onOwnClock(work: () => unknown): { readonly ms: number; readonly error: unknown } {
  const { wait } = Atomics
  const [beganS, beganNs] = hrtime()
  let ms = 0
  const rest: typeof wait = (_view: unknown, _at: unknown, _value: unknown, restMs = 0) => {
    ms += restMs
    return 'timed-out'
  }
  setWait(rest)
  own = () => {
    ms += lookMs
    const ns = beganNs + ms * 1e6
    return [beganS + Math.floor(ns / 1e9), Math.round(ns % 1e9)]
  }
  try {
    work()
    return { ms, error: undefined }
  } catch (error) {
    return { ms, error }
  } finally {
    setWait(wait)
    own = undefined
  }
}

const setWait = (wait: typeof Atomics.wait): void =>
  void Object.defineProperty(Atomics, 'wait', { value: wait, configurable: true, writable: true })
