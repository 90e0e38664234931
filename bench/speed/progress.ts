// A progress bar, on a terminal only, beside the tables.

import { SingleBar } from 'cli-progress'

/** Runs `run`, which calls `tick` after each of its `total` steps. */
export async function inProgress<T>(what: string, total: number, run: (tick: () => void) => Promise<T>): Promise<T> {
  const format = `${what} {bar} {percentage}%`
  const bar = new SingleBar({ format, stream: process.stderr, barsize: 30, clearOnComplete: true, fps: 4 })
  bar.start(total, 0)
  try {
    return await run(() => bar.increment())
  } finally {
    bar.stop()
  }
}
