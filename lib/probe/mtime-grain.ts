// How finely a filesystem records when a file was modified.

import { hasCode } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import { closing } from '../parts/stage.js'

/** How long the times of writes are watched, and after how many steps nothing more can be learnt. */
const longestLookMs = 30
const enoughSteps = 4

/**
 * Milliseconds: the larger of the grain in which times are stored and the smallest step between the times of writes.
 */
export function* mtimeGrain(file: string): Steps<number> {
  const fd = yield* fs.open(file, 'w nofollow', 0o600)
  const written = yield* closing(fd, () => writtenGrain(fd))
  return Math.max(yield* storedGrain(file), written)
}

/** The smallest step between the times of one write and the next; if there was none, for how long there was none. */
function* writtenGrain(fd: number): Steps<number> {
  const begun = yield* fs.now()
  let least: number | undefined
  let last = yield* timeOfWrite(fd)
  for (let steps = 0; ; ) {
    const next = yield* timeOfWrite(fd)
    // A clock may be set back.
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
 * Seconds since 1970; all after 1980, where the times of FAT begin. They are far apart, so that times which were stored
 * cannot be taken for the time of the call; and they are odd, so that their common divisor, once stored, is the grain
 * alone.
 */
const oddTimes = [1_000_000_001.123457, 1_000_000_022.346721, 1_000_000_044.579813, 1_000_000_067.802339]

/** The common divisor of all times that are stored; 0 where no time can be set. */
function* storedGrain(file: string): Steps<number> {
  // It is opened once more, because what was written before would be given a time of its own when it is closed.
  const fd = yield* fs.open(file, 'rewrite nofollow')
  return yield* closing(fd, () => setAndRead(fd, file))
}

function* setAndRead(fd: number, file: string): Steps<number> {
  const stored: bigint[] = []
  for (const time of oddTimes) {
    try {
      yield* fs.futimes(fd, time, time)
    } catch (error) {
      if (hasCode(error, 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EINVAL')) return 0
      throw error
    }
    stored.push((yield* fs.lstat(file)).mtimeNs)
  }
  const areStored = stored.every((ns, at) => Math.abs(Number(ns - (stored[0] as bigint)) / 1e9 - sinceFirst(at)) < 5)
  return areStored ? Number(stored.reduce(commonDivisor)) / 1e6 : 0
}

/** Seconds after the first: some filesystems keep local time, so only differences count. */
const sinceFirst = (at: number): number => (oddTimes[at] as number) - (oddTimes[0] as number)

const commonDivisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : commonDivisor(b, a % b))
