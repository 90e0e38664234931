// Reads every blob, and puts into quarantine exactly those generations that have other bytes than their names say.

import { hasCode } from '../core/errors.js'
import { asConcurrency, asFunction } from '../core/input.js'
import { emptySum, reportDone } from '../core/progress.js'
import { fs, type Steps } from '../core/steps.js'
import { concurrently } from '../parts/concurrently.js'
import { closing } from '../parts/stage.js'
import type { Blobs } from './blobs.js'
import type { Verified, VerifyOptions } from './contract.js'
import { quarantine } from './heal.js'
import type { Generation } from './layout.js'
import { hasDigest } from './read-bytes.js'
import { scan } from './scan.js'

export function* verify(blobs: Blobs, options: VerifyOptions): Steps<Verified> {
  const concurrency = asConcurrency(options.concurrency)
  const onProgress = asFunction(options.onProgress, 'options.onProgress')
  yield* blobs.open()
  const all = (yield* scan(blobs)).flatMap(({ path, generation }) => (generation ? [{ path, generation }] : []))
  const reporting = { onProgress, sum: emptySum(all.length) }
  const found = { checked: 0, bad: new Set<string>() }
  const tasks = all.map(
    ({ path, generation }) =>
      function* (): Steps<void> {
        const isWhole = yield* check(path, generation)
        if (isWhole !== undefined) found.checked++
        if (isWhole === false) {
          yield* quarantine(blobs, generation)
          found.bad.add(generation.digest)
        }
        yield* reportDone(reporting, generation.digest)
      },
  )
  yield* concurrently(tasks.reverse(), concurrency)
  return { checked: found.checked, bad: [...found.bad].sort() }
}

/** Undefined: it has gone meanwhile. */
function* check(path: string, { digest, size }: Generation): Steps<boolean | undefined> {
  try {
    const fd = yield* fs.open(path, 'r nofollow')
    return yield* closing(fd, () => hasDigest(fd, digest, size))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
