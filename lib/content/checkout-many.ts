// Many checkouts, a bounded number of them at a time.

import { asConcurrency, asFunction, refusal } from '../core/input.js'
import { emptySum, reportDone } from '../core/progress.js'
import type { Steps } from '../core/steps.js'
import { concurrently } from '../parts/concurrently.js'
import type { Blobs } from './blobs.js'
import { checkout } from './checkout.js'
import { asCheckout } from './checkout-job.js'
import type { CheckedOut, CheckoutManyOptions } from './contract.js'

export function* checkoutMany(
  blobs: Blobs,
  files: unknown,
  options: CheckoutManyOptions,
): Steps<Map<string, CheckedOut>> {
  const concurrency = asConcurrency(options.concurrency)
  const jobs = asPairs(files).map(([digest, to]) => ({ to, job: asCheckout(blobs, digest, to, options) }))
  const onProgress = asFunction(options.onProgress, 'options.onProgress')
  const reporting = { onProgress, sum: emptySum(jobs.length) }
  // In the order in which they were given, whatever ends first.
  const done = new Map<string, CheckedOut>(jobs.map(({ to }) => [to, undefined]))
  yield* blobs.open()
  const tasks = jobs.map(
    ({ to, job }) =>
      function* (): Steps<void> {
        done.set(to, yield* checkout(blobs, job))
        yield* reportDone(reporting, to)
      },
  )
  yield* concurrently(tasks.reverse(), concurrency)
  return done
}

function asPairs(files: unknown): (readonly [digest: string, to: string])[] {
  const isIterable = typeof (files as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function'
  const all = isIterable && typeof files !== 'string' ? [...(files as Iterable<unknown>)] : undefined
  if (all?.every(one => Array.isArray(one) && one.length === 2 && one.every(part => typeof part === 'string')))
    return all as (readonly [string, string])[]
  throw refusal('ERR_INVALID_ARG_TYPE', 'files', 'an iterable of pairs of strings, [digest, to]', files)
}
