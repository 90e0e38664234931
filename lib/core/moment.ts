// How long knowledge of the filesystem counts, on a clock that is read once for each call: to read it as often as it is
// asked for would take as long as a quick call.

// Not looked up at each use, because the tests of a program may replace it by a clock that stands still.
const { hrtime } = process

const momentMs = 1000

let lastMs = 0

/** Milliseconds of the clock that all processes of a boot share. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

let standsAtMs: number | undefined

/** Milliseconds since 1970. */
export const epochMs = (): number => standsAtMs ?? Date.now()

/**
 * Runs work during which that clock stands still. The explorer does so, because some states have a time in their names: the same
 * calls must lead to the same names, however long they take.
 */
export function standingStill<T>(work: () => T): T {
  const before = standsAtMs
  standsAtMs = epochMs()
  try {
    return work()
  } finally {
    standsAtMs = before
  }
}

/** Reads the clock. Whatever happens until the next time happens at this moment. */
export function readClock(): number {
  lastMs = monotonicMs()
  return lastMs
}

/** Returns what the clock said when it was last read. */
export const lastReadMs = (): number => lastMs

/** The time of what was never used. */
export const never = Number.NEGATIVE_INFINITY

/** What is used stays in the kernel's memory, and where it was, for a moment. */
export const wasUsed = (atMs: number, withinMs = momentMs): boolean => lastMs - atMs < withinMs

/**
 * What was used stays in the kernel's memory for longer than that, unless memory is short. Where it is may change at any
 * time.
 */
export const warmMs = 10 * momentMs

/** What is in use is asked again when it is older than this. */
export const agingMs = momentMs / 2
