// A call that is stopped is left after 50 ms. What it still cleans up or finds out then goes on in the background, so on a busy
// machine a test that looks at once may look too early.

import { setTimeout as wait } from 'node:timers/promises'
import { assert } from './kit.js'

/** Waits until the assertions hold; throws the last failure if they do not within ten seconds. */
export async function eventually(assertions: () => void): Promise<void> {
  const until = performance.now() + 10_000
  for (;;) {
    try {
      return assertions()
    } catch (error) {
      if (performance.now() > until) throw error
      await wait(5)
    }
  }
}

interface Held extends Error {
  readonly holder?: { readonly pid?: number | undefined; readonly fence: number }
}

/** Asserts that a call waits in vain for a lock; returns an error of one that had the time to name the holder. */
export async function assertHeldByNamed(call: () => Promise<unknown>, runs = 20): Promise<Held> {
  for (let run = 1; ; run++) {
    const error: Held = await assert.rejects(call(), { code: 'ERR_LOCK_HELD' })
    if (error.holder || run === runs) return error
  }
}
