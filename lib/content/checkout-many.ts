// Many checkouts, a bounded number of them at a time. Usually the blobs are where they were, and nothing has the names: then
// one link each is all, and those are made together, without steps of their own for each file.

import { asConcurrency, asFunction, asPath, refusal } from '../core/input.js'
import { emptySum, type Reporting, reportDone } from '../core/progress.js'
import { atOnce, type Call, fs, type Outcome, type Steps } from '../core/steps.js'
import { concurrently } from '../parts/concurrently.js'
import { asParents } from '../parts/parents.js'
import { type Blobs, keyOf } from './blobs.js'
import { checkout } from './checkout.js'
import { asWay, checkoutOf, type Way } from './checkout-job.js'
import type { CheckedOut, CheckoutManyOptions } from './contract.js'
import { type Algorithm, asDigest, isOfNothing } from './digest.js'

/** A checkout of many files under way. */
interface Many {
  readonly blobs: Blobs
  readonly way: Way
  readonly concurrency: number
  readonly reporting: Reporting
}

/** A file that is to be made: the name is spelled as it was given, and as a path. */
interface File {
  readonly digest: string
  readonly name: string
  readonly to: string
  /** Where the blob was seen a moment ago. */
  from: string | undefined
  done: CheckedOut
}

export function* checkoutMany(
  blobs: Blobs,
  files: unknown,
  options: CheckoutManyOptions,
): Steps<Map<string, CheckedOut>> {
  const concurrency = asConcurrency(options.concurrency)
  const way = asWay(options)
  asParents(options.parents)
  const all = asFiles(files, blobs.settings.algorithm)
  const onProgress = asFunction(options.onProgress, 'options.onProgress')
  const many: Many = { blobs, way, concurrency, reporting: { onProgress, sum: emptySum(all.length) } }
  if (!blobs.isOpen) yield* blobs.open()
  if (way.mode !== 'copy') noteSeen(many, all)
  const seen = all.filter(({ from }) => from !== undefined)
  const size = Math.min(concurrency, mostTogether)
  for (let at = 0; at < seen.length; at += size) yield* linkTogether(many, seen.slice(at, at + size))
  yield* eachByItself(many, seen.length > 0 ? all.filter(({ from }) => from === undefined) : all)
  // In the order in which they were given, whatever ended first.
  return new Map(all.map(({ name, done }) => [name, done]))
}

function noteSeen({ blobs, way }: Many, all: readonly File[]): void {
  for (const file of all)
    if (!isOfNothing(file.digest)) file.from = blobs.known.get(keyOf(file.digest, way.executable))?.path
}

/** In this thread, that many links take about a millisecond. */
const mostTogether = 64

/** What else there is than a blob where it was, and a name that nothing has, a checkout by itself finds out. */
function* linkTogether(many: Many, seen: readonly File[]): Steps<void> {
  const { blobs, reporting } = many
  const calls = seen.map(({ from, to }): Call => ({ op: 'link', args: [from, to] }))
  const places = seen.map(({ to }) => to)
  places.push((seen[0] as File).from as string)
  const gone = yield* fs.inOneGo(places, () => atOnce(calls), calls[0])
  const outcomes = (gone ? gone.value : yield* atOnce(calls)) as readonly Outcome<void>[]
  const isMade = (_: unknown, at: number) => 'value' in (outcomes[at] as Outcome<void>)
  const made = seen.filter(isMade)
  for (const file of made) {
    blobs.promisedMs.delete(file.digest)
    file.done = 'linked'
    if (reporting.onProgress) yield* reportDone(reporting, file.name)
  }
  if (made.length < seen.length)
    yield* eachByItself(
      many,
      seen.filter((file, at) => !isMade(file, at)),
    )
}

function* eachByItself({ blobs, way, concurrency, reporting }: Many, files: readonly File[]): Steps<void> {
  const tasks = files.map(
    file =>
      function* (): Steps<void> {
        file.done = yield* checkout(blobs, checkoutOf(way, file.digest, file.to))
        yield* reportDone(reporting, file.name)
      },
  )
  yield* concurrently(tasks.reverse(), concurrency)
}

function asFiles(files: unknown, algorithm: Algorithm): File[] {
  const isIterable = typeof (files as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function'
  const all: readonly unknown[] | undefined = isIterable && typeof files !== 'string' ? [...(files as [])] : undefined
  if (!all?.every(isPair)) throw refusal('ERR_INVALID_ARG_TYPE', 'files', pairs, files)
  return all.map(([digest, name]) => {
    const to = asPath(name, 'to')
    return { digest: asDigest(digest, 'digest', algorithm), name, to, from: undefined, done: undefined }
  })
}

const pairs = 'an iterable of pairs of strings, [digest, to]'

const isPair = (one: unknown): one is readonly [digest: string, to: string] =>
  Array.isArray(one) && one.length === 2 && typeof one[0] === 'string' && typeof one[1] === 'string'
