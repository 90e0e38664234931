import { assert } from './kit.js'

/**
 * Asserts that `body` waits for nothing: one of its runs takes less than `ms`. What waits does so in every run, and a busy
 * machine delays only some.
 */
export async function atOnce(ms: number, body: () => unknown, runs = 20): Promise<void> {
  const took: number[] = []
  while (took.length < runs) {
    const began = performance.now()
    await body()
    took.push(performance.now() - began)
    if ((took.at(-1) as number) < ms) return
  }
  assert.unreachable(`each run took ${ms} ms or more: ${took.map(Math.round)}`)
}
