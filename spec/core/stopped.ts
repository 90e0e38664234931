// A process in which one call of each function is stopped at a moment of its own. It ends as soon as each has rejected,
// so what goes on in the background is killed. Started by ./stopped.spec.ts.

import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { cases, treeCases } from '../support/cases.js'
import { storeCases } from '../support/cases-of-stores.js'

/** What came of one call. */
export interface Stopped {
  readonly name: string
  /** The code of its error; undefined if it returned. */
  readonly code: string | undefined
  /** Milliseconds from the moment of the signal to the end of the promise. */
  readonly ms: number
  /** A timer of 100 ms, set at that moment, fired before the promise ended. */
  readonly late: boolean
}

const [dir = '', across = '', moments = ''] = process.argv.slice(2)
const stopped: Stopped[] = []
for (const [at, one] of [...cases, ...storeCases, ...treeCases].entries()) {
  const stop = new AbortController()
  let began = 0
  let late = false
  let ended = false
  const call = one.call(join(dir, String(at)), join(across, String(at)), { signal: stop.signal })
  const end = call.then(
    () => undefined,
    error => error.code ?? `${error}`,
  )
  end.then(() => {
    ended = true
  })
  // Timers are too coarse for calls that take less than a millisecond.
  const until = performance.now() + Number(moments.split(',')[at])
  while (performance.now() < until && !ended)
    await (until - performance.now() > 2 ? wait(1) : new Promise(resolve => setImmediate(resolve)))
  began = performance.now()
  setTimeout(() => {
    late = !ended
  }, 100).unref()
  stop.abort()
  const code = await end
  stopped.push({ name: one.name, code, ms: performance.now() - began, late })
}
process.stdout.write(JSON.stringify(stopped), () => process.exit(0))
