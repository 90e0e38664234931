// How fine a filesystem tells when a file was changed.

import { hasCode } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import { closing } from '../parts/stage.js'

/** How long it is waited for times to go on, and after how many steps no more is to be learnt. */
const longestLookMs = 30
const enoughSteps = 4

/** Milliseconds: the larger of the grain that times are stored in and the smallest step between those of writes. */
export function* mtimeGrain(file: string): Steps<number> {
  const fd = yield* fs.open(file, 'w', 0o600)
  const written = yield* closing(fd, () => writtenGrain(fd))
  return Math.max(yield* storedGrain(file), written)
}

/** The smallest step between the times of one write and the next; if there was none, for how long. */
function* writtenGrain(fd: number): Steps<number> {
  const begun = yield* fs.now()
  let least: number | undefined
  let last = yield* timeOfWrite(fd)
  for (let steps = 0; ; ) {
    const next = yield* timeOfWrite(fd)
    // Clocks are set back at times.
    if (next > last) {
      least = Math.min(least ?? Number.POSITIVE_INFINITY, Number(next - last) / 1e6)
      steps++
    }
    last = next
    const took = (yield* fs.now()) - begun
    if (steps >= enoughSteps || took >= longestLookMs) return least ?? took
  }
}

function* timeOfWrite(fd: number): Steps<bigint> {
  yield* fs.write(fd, Buffer.from('x'))
  return (yield* fs.fstat(fd)).mtimeNs
}

/**
 * Seconds since 1970, in a time that FAT has too, which begins with 1980. Far apart, so that those that were stored are
 * told from those of right now; and odd, so that what they have in common, once stored, is the grain and nothing more.
 */
const odd = [1_000_000_001.123457, 1_000_000_022.346721, 1_000_000_044.579813, 1_000_000_067.802339]

/** What all times have in common that are stored; 0 where none can be set. */
function* storedGrain(file: string): Steps<number> {
  const stored: bigint[] = []
  for (const time of odd) {
    try {
      yield* fs.utimes(file, time, time)
    } catch (error) {
      if (hasCode(error, 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EINVAL')) return 0
      throw error
    }
    stored.push((yield* fs.lstat(file)).mtimeNs)
  }
  const isTold = stored.every((ns, at) => Math.abs(Number(ns - (stored[0] as bigint)) / 1e9 - since(at)) < 5)
  return isTold ? Number(stored.reduce(commonDivisor)) / 1e6 : 0
}

/** Seconds: some filesystems keep local time, so only differences count. */
const since = (at: number): number => (odd[at] as number) - (odd[0] as number)

const commonDivisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : commonDivisor(b, a % b))
