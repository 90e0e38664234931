// A call that is stopped is left after 50 ms. What it still cleans up or finds out then goes on in the background, so on a busy
// machine a test that looks at once may look too early.

import { setTimeout as wait } from 'node:timers/promises'
import { isWindows } from '../windows/flavour.js'
import { assert } from './kit.js'

/** Milliseconds after which what has not come true is taken for never. */
const neverMs = 30_000

/** Waits until the assertions hold; throws the last failure if they do not. */
export async function eventually(assertions: () => void | Promise<void>): Promise<void> {
  const endsAt = performance.now() + neverMs
  for (;;) {
    try {
      return await assertions()
    } catch (error) {
      if (performance.now() > endsAt) throw error
      await wait(5)
    }
  }
}

/** On Windows what a scanner has open goes a moment later. Elsewhere the assertions must hold at once. */
export const soonOnWindows = (assertions: () => void | Promise<void>): void | Promise<void> =>
  isWindows ? eventually(assertions) : assertions()

/** Waits until it is so. How long that takes is for the disk and the machine to say, so no test knows it. */
export async function until(isSo: () => unknown): Promise<void> {
  for (const endsAt = performance.now() + neverMs; !(await isSo()); await wait(1))
    assert.ok(performance.now() < endsAt, `it does not come true: ${isSo}`)
}

interface Held extends Error {
  readonly code?: string
  readonly holder?: { readonly pid?: number | undefined; readonly fence: number }
}

/**
 * Asserts that a call waits in vain for a lock; returns an error of one that had the time to name the holder. One that had not
 * even the time to look says that.
 */
export async function assertHeldByNamed(call: () => unknown, runs = 20): Promise<Held> {
  for (let run = 1; ; run++) {
    const error: Held = await assert.rejects((async () => call())(), {})
    const isLast = run === runs
    if (isLast || error.code !== 'ERR_TIMEOUT') assert.is(error.code, 'ERR_LOCK_HELD', error.message)
    if (isLast || error.holder) return error
  }
}
