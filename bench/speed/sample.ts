// Single calls, timed by tinybench.

import { Bench } from 'tinybench'
import type { Form } from '../run/results.js'
import { stopped } from '../run/stop.js'

/** Returns the microseconds of each of `calls` calls. `before` runs before each call, and is not timed. */
export async function sampled(form: Form, calls: number, act: () => unknown, before: () => void): Promise<number[]> {
  const bench = new Bench({ time: 0, iterations: calls, warmup: false, retainSamples: true, throws: true })
  bench.add('call', act, {
    // Set here, because tinybench would otherwise find it out by one more call, without a path.
    async: form === 'async',
    beforeEach() {
      stopped.throwIfAborted()
      before()
    },
  })
  await bench.run()
  const result = bench.tasks[0]?.result
  const samples = result && 'latency' in result ? result.latency.samples : undefined
  if (samples?.length !== calls) throw new Error(`${samples?.length ?? 0} of ${calls} calls were measured`)
  return samples.map(ms => ms * 1000)
}
