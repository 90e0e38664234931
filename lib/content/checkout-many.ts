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
import { asDigest, isOfNothing } from './digest.js'

/** The calls of a checkout of many files under way. */
interface Many {
  readonly blobs: Blobs
  readonly way: Way
  readonly concurrency: number
  readonly reporting: Reporting
  readonly done: Map<string, CheckedOut>
}

/** A file that is to be made: the name is spelled as it was given, and as a path. */
interface File {
  readonly digest: string
  readonly name: string
  readonly to: string
}

/** One whose blob was seen a moment ago. */
interface Known {
  readonly file: File
  readonly from: string
}

export function* checkoutMany(
  blobs: Blobs,
  files: unknown,
  options: CheckoutManyOptions,
): Steps<Map<string, CheckedOut>> {
  const concurrency = asConcurrency(options.concurrency)
  const way = asWay(options)
  asParents(options.parents)
  const { algorithm } = blobs.settings
  const all = asPairs(files).map(([digest, name]): File => {
    const to = asPath(name, 'to')
    return { digest: asDigest(digest, 'digest', algorithm), name, to }
  })
  const onProgress = asFunction(options.onProgress, 'options.onProgress')
  const reporting = { onProgress, sum: emptySum(all.length) }
  // In the order in which they were given, whatever ends first.
  const done = new Map<string, CheckedOut>(all.map(({ name }) => [name, undefined]))
  if (!blobs.isOpen) yield* blobs.open()
  const many: Many = { blobs, way, concurrency, reporting, done }
  const [known, others] = way.mode === 'copy' ? [[], all] : partedBySight(many, all)
  const size = Math.min(concurrency, mostTogether)
  for (let at = 0; at < known.length; at += size) yield* linkTogether(many, known.slice(at, at + size))
  yield* eachByItself(many, others)
  return done
}

function partedBySight({ blobs, way }: Many, all: readonly File[]): readonly [known: Known[], others: File[]] {
  const known: Known[] = []
  const others: File[] = []
  for (const file of all) {
    const from = isOfNothing(file.digest) ? undefined : blobs.known.get(keyOf(file.digest, way.executable))?.path
    if (from === undefined) others.push(file)
    else known.push({ file, from })
  }
  return [known, others]
}

/** In this thread, that many links take less than a millisecond. */
const mostTogether = 128

/** What else there is than a blob where it was, and a name that nothing has, a checkout by itself finds out. */
function* linkTogether(many: Many, known: readonly Known[]): Steps<void> {
  const { blobs, reporting, done } = many
  const calls = known.map(({ file, from }) => ({ op: 'link', args: [from, file.to] }) as Call)
  const places = [(known[0] as Known).from, ...known.map(({ file }) => file.to)]
  const gone = yield* fs.inOneGo(places, () => atOnce(calls))
  const outcomes = (gone ? gone.value : yield* atOnce(calls)) as readonly Outcome<void>[]
  const failed: File[] = []
  for (const [at, { file }] of known.entries()) {
    if ('error' in (outcomes[at] as Outcome<void>)) {
      failed.push(file)
      continue
    }
    blobs.promisedMs.delete(file.digest)
    done.set(file.name, 'linked')
    if (reporting.onProgress) yield* reportDone(reporting, file.name)
  }
  if (failed.length > 0) yield* eachByItself(many, failed)
}

function* eachByItself({ blobs, way, concurrency, reporting, done }: Many, files: readonly File[]): Steps<void> {
  const tasks = files.map(
    ({ digest, name, to }) =>
      function* (): Steps<void> {
        done.set(name, yield* checkout(blobs, checkoutOf(way, digest, to)))
        yield* reportDone(reporting, name)
      },
  )
  yield* concurrently(tasks.reverse(), concurrency)
}

function asPairs(files: unknown): (readonly [digest: string, to: string])[] {
  const isIterable = typeof (files as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function'
  const all = isIterable && typeof files !== 'string' ? [...(files as Iterable<unknown>)] : undefined
  if (all?.every(one => Array.isArray(one) && one.length === 2 && one.every(part => typeof part === 'string')))
    return all as (readonly [string, string])[]
  throw refusal('ERR_INVALID_ARG_TYPE', 'files', 'an iterable of pairs of strings, [digest, to]', files)
}
