// How far it has come: on a terminal, beside the tables, and nowhere else.

import { SingleBar } from 'cli-progress'

/** Runs something that tells when it has done one of `total` things. */
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
