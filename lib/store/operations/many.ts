// Operations on several keys: each key by itself, several at a time.

import { type Patience, refusal } from '../../core/input.js'
import type { Steps } from '../../core/steps.js'
import { concurrently } from '../../parts/concurrently.js'
import { encode } from '../codec.js'
import { jobOf } from '../conflict.js'
import type { Change, CreateOptions, Entry } from '../contract.js'
import { asTtl } from '../expiry.js'
import type { Inner } from '../inner.js'
import { make } from './create.js'
import { get } from './get.js'

/** How many calls are made at a time. */
const width = 64

/** Runs `work` for each thing, and returns the results in the order of the things. */
export function* forEach<A, R>(things: readonly A[], work: (thing: A) => Steps<R>): Steps<R[]> {
  const results: R[] = []
  const task = (thing: A, at: number) =>
    function* (): Steps<void> {
      results[at] = yield* work(thing)
    }
  // The last one is begun first.
  yield* concurrently(things.map(task).reverse(), width, 'together')
  return results
}

export function* getMany<T>(inner: Inner<T>, keys: Iterable<string>, options: Patience): Steps<Map<string, Entry<T>>> {
  const wanted = [...new Set(asIterable(keys, 'keys'))]
  for (const key of wanted) jobOf(inner, key, options)
  const { retryFor } = options
  const entries = yield* forEach(wanted, key => get(inner, key, { retryFor }))
  const found = new Map<string, Entry<T>>()
  for (const [at, entry] of entries.entries()) if (entry && !entry.gone) found.set(wanted[at] as string, entry)
  return found
}

export function* createMany<T>(
  inner: Inner<T>,
  values: Iterable<readonly [string, T]>,
  options: CreateOptions,
): Steps<Map<string, Change<T>>> {
  const ttl = asTtl(options.ttl ?? Number.POSITIVE_INFINITY, 'options.ttl')
  const pairs = [...asIterable(values, 'values')].map(([key, value]) => {
    const job = jobOf(inner, key, options)
    const bytes = encode(inner, value)
    return { key, make: () => make(job, value, bytes, ttl) }
  })
  if (new Set(pairs.map(({ key }) => key)).size < pairs.length)
    throw refusal('ERR_INVALID_ARG_VALUE', 'values', 'pairs with each key once', values)
  const changes = yield* forEach(pairs, pair => pair.make())
  return new Map(pairs.map(({ key }, at) => [key, changes[at] as Change<T>]))
}

export function asIterable<A>(value: Iterable<A>, name: string): Iterable<A> {
  if (typeof value !== 'string' && typeof value?.[Symbol.iterator] === 'function') return value
  throw refusal('ERR_INVALID_ARG_TYPE', name, 'an iterable', value)
}
