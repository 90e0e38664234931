// The functions of a content store, in all forms.

import type { Readable } from 'node:stream'
import { type Dual, dual } from '../core/dual.js'
import { asPath, type Patience } from '../core/input.js'
import { publishing } from '../core/publication.js'
import type { Steps } from '../core/steps.js'
import { checkOpen } from '../parts/life.js'
import type { Data } from '../parts/source.js'
import { adopt } from './adopt.js'
import { asDigests, asked, asRange } from './asked.js'
import type { Blobs } from './blobs.js'
import { checkout } from './checkout.js'
import { asWay, checkoutOf } from './checkout-job.js'
import { checkoutMany } from './checkout-many.js'
import type {
  Blob,
  CheckoutManyOptions,
  CheckoutOptions,
  ContentLease,
  ContentStore,
  Evicted,
  PutOptions,
  ReadRange,
  VerifyOptions,
} from './contract.js'
import { isOfNothing } from './digest.js'
import { evictInTurn } from './evict.js'
import { find, leased } from './find.js'
import { give, leaseAll } from './give.js'
import { giveBack, watched } from './leases.js'
import { asPutSource, put } from './put.js'
import { asPutting } from './putting.js'
import { read } from './read.js'
import { remove } from './remove.js'
import { scan, usageOf } from './scan.js'
import { openForStream, streamOf } from './stream.js'
import { verify } from './verify.js'

export function openContent(blobs: Blobs): ContentStore {
  const close = dual(function* contentClose(_options: Patience = {}): Steps<void> {
    blobs.life.isOver = true
    for (const release of [...blobs.life.held]) yield* release()
  })
  return { ...writersOf(blobs), ...readersOf(blobs), ...keepersOf(blobs), close, [Symbol.asyncDispose]: () => close() }
}

const lateBlob = { giveBack: ({ lease }: Blob) => giveBack(lease) }

/** The same, where users get leases: one that they drop is released. */
function watching<A extends unknown[], T>(form: Dual<A, T>, leaseOf: (result: T) => ContentLease): Dual<A, T> {
  const watch = (result: T): T => {
    watched(leaseOf(result))
    return result
  }
  const run = async (...args: A): Promise<T> => watch(await form(...args))
  return Object.assign(run, { sync: (...args: A): T => watch(form.sync(...args)), steps: form.steps })
}

const writersOf = (blobs: Blobs) => ({
  put: watching(
    dual(function contentPut(data: Data, options: PutOptions = {}): Steps<Blob> {
      checkOpen(blobs.life)
      return give(blobs, put(asPutting(blobs, options), asPutSource(data)))
    }, lateBlob),
    ({ lease }) => lease,
  ),
  adopt: watching(
    dual(function contentAdopt(file: string | URL, options: PutOptions = {}): Steps<Blob> {
      checkOpen(blobs.life)
      return give(blobs, adopt(asPutting(blobs, options), asPath(file, 'file')))
    }, lateBlob),
    ({ lease }) => lease,
  ),
  checkout: dual(
    publishing(function* contentCheckout(publication, digest: string, to: string | URL, options: CheckoutOptions = {}) {
      const job = checkoutOf(asWay(options), asked(blobs, digest), asPath(to, 'to'), publication)
      if (!blobs.isOpen) yield* blobs.open()
      return yield* checkout(blobs, job)
    }),
  ),
  checkoutMany: dual(function contentCheckoutMany(
    files: Iterable<readonly [digest: string, to: string]>,
    options: CheckoutManyOptions = {},
  ) {
    checkOpen(blobs.life)
    return checkoutMany(blobs, files, options)
  }),
})

function readersOf(blobs: Blobs) {
  const opening = dual(
    function* contentStream(digest: string, options: ReadRange = {}): Steps<Readable | undefined> {
      const one = asked(blobs, digest)
      const range = asRange(options)
      if (isOfNothing(one)) return streamOf(blobs, one, undefined, range)
      yield* blobs.open()
      const opened = yield* openForStream(blobs, one)
      return opened && streamOf(blobs, one, opened, range)
    },
    {
      // biome-ignore lint/correctness/useYield: the stream closes its file by itself
      *giveBack(stream) {
        stream?.destroy()
      },
    },
  )
  const has = function* (digest: string): Steps<number | undefined> {
    const one = asked(blobs, digest)
    if (isOfNothing(one)) return 0
    yield* blobs.open()
    const found = yield* find(blobs, one)
    if (found) blobs.promisedMs.set(one, Date.now())
    return (found ?? (yield* leased(blobs, one)))?.generation.size
  }
  return {
    has: dual(function* contentHas(digest: string, _options: Patience = {}): Steps<boolean> {
      return (yield* has(digest)) !== undefined
    }),
    size: dual(function contentSize(digest: string, _options: Patience = {}) {
      return has(digest)
    }),
    read: dual(function* contentRead(digest: string, options: ReadRange = {}): Steps<Buffer | undefined> {
      const one = asked(blobs, digest)
      const range = asRange(options)
      if (!blobs.isOpen) yield* blobs.open()
      return yield* read(blobs, one, range)
    }),
    stream: (digest: string, options?: ReadRange) => opening(digest, options),
  }
}

const keepersOf = (blobs: Blobs) => ({
  lease: watching(
    dual(
      function* contentLease(digests: Iterable<string>, _options: Patience = {}) {
        const all = asDigests(blobs, digests)
        yield* blobs.open()
        return yield* leaseAll(blobs, all)
      },
      { giveBack },
    ),
    lease => lease,
  ),
  evict: dual(function* contentEvict(options: Patience = {}): Steps<Evicted> {
    checkOpen(blobs.life)
    yield* blobs.make()
    return (yield* evictInTurn(blobs, undefined, options)) as Evicted
  }),
  usage: dual(function* contentUsage(_options: Patience = {}) {
    checkOpen(blobs.life)
    yield* blobs.open()
    return usageOf(yield* scan(blobs))
  }),
  verify: dual(function contentVerify(options: VerifyOptions = {}) {
    checkOpen(blobs.life)
    return verify(blobs, options)
  }),
  remove: dual(function* contentRemove(digest: string, _options: Patience = {}): Steps<boolean> {
    const one = asked(blobs, digest)
    yield* blobs.open()
    return yield* remove(blobs, one)
  }),
})
