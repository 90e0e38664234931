// Another connection has the database locked. SQLite waits for as long as the connection's busy timeout says, in the thread
// that called; what is left of the caller's patience is waited here, between two calls.

import { monotonicMs } from '../../core/moment.js'
import { fs, type Steps } from '../../core/steps.js'
import { isSqliteError } from './connection.js'

/** Runs a statement. While the database is locked, it is run again, for as long as `retryFor` (ms). */
export function* whenFree<T>(statement: () => T, retryFor: number): Steps<T> {
  const begunMs = monotonicMs()
  for (let tries = 1; ; tries++) {
    try {
      return statement()
    } catch (error) {
      // PROTOCOL: two connections opened the log at the same moment.
      if (!isSqliteError(error, 'BUSY', 'LOCKED', 'PROTOCOL')) throw error
      const leftMs = begunMs + retryFor - monotonicMs()
      if (leftMs <= 0) throw error
      yield* fs.sleep(Math.min(leftMs, yield* pauseMs(tries)))
    }
  }
}

/** Up to 2, 4 ... 128 ms, so that callers that collided part. */
function* pauseMs(tries: number): Steps<number> {
  const [byte = 0] = yield* fs.random(1)
  return Math.min(2 ** tries, 128) * ((byte + 1) / 256)
}
