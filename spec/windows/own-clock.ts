// A clock that moves only while the sync form of a call rests: how long that takes does not depend on the machine.

type Clock = { readonly [name: string]: unknown }

/** Milliseconds for each look at the clock, so that what looks and never rests comes to an end, too. */
const lookMs = 0.001

/**
 * Runs work that waits for nothing but rests. Returns how long it rested (ms), and what it threw.
 *
 * @param work Blocks the thread.
 */
export function onOwnClock(work: () => unknown): { readonly ms: number; readonly error: unknown } {
  const { now } = performance
  const { bigint } = process.hrtime
  const { wait } = Atomics
  const [nowMs, nowNs] = [performance.now(), process.hrtime.bigint()]
  let ms = 0
  const rest: typeof wait = (_view: unknown, _at: unknown, _value: unknown, restMs = 0) => {
    ms += restMs
    return 'timed-out'
  }
  set(Atomics, { wait: rest })
  const look = (): number => {
    ms += lookMs
    return ms
  }
  set(process.hrtime, { bigint: () => nowNs + BigInt(Math.round(look() * 1e6)) })
  set(performance, { now: () => nowMs + look() })
  try {
    work()
    return { ms, error: undefined }
  } catch (error) {
    return { ms, error }
  } finally {
    set(Atomics, { wait })
    set(process.hrtime, { bigint })
    set(performance, { now })
  }
}

const set = (target: object, clock: Clock): void => {
  for (const [name, value] of Object.entries(clock))
    Object.defineProperty(target, name, { value, configurable: true, writable: true })
}
