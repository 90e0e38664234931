// Private names beside the target, on the same device, where a thing is made ready before it is published at once.
// `.<basename>.<owner>.<nonce>`: never used twice, so only whoever made it, or a sweeper that knows that owner to be dead,
// ever touches it. A crash leaves at most such a name behind, never a half-made target.

import { basename, dirname } from 'node:path'
import { hasCode } from '../core/errors.js'
import { fs, type Path, type Steps, together } from '../core/steps.js'
import { inPeace, tidy } from './achieve.js'

/** The longest name that every common filesystem takes. */
const longestNameBytes = 255

/** A fresh private name for something that shall be `target`. */
export function* stageName<P extends Path>(target: P): Steps<P> {
  const [name] = yield* stageNames([target])
  return name as P
}

/** One for each. */
export function* stageNames<P extends Path>(targets: readonly P[]): Steps<P[]> {
  const owner = yield* fs.self()
  const nonces = yield* drawn(targets.length)
  const digits = 2 * nonceBytes
  return targets.map((target, at) => besideIt(target, `.${owner}.${nonces.slice(at * digits, (at + 1) * digits)}`))
}

const nonceBytes = 8

/** So many nonces in a row: 64 bits, 16 digits each. */
export function* drawn(nonces = 1): Steps<string> {
  return (yield* fs.random(nonceBytes * nonces)).toString('hex')
}

/** A hidden name beside the target, in the same directory as that. */
export function besideIt<P extends Path>(target: P, tail: string): P {
  const name = (base: string) => `.${cut(base, longestNameBytes - 1 - tail.length)}${tail}`
  // Not joined, because that would normalise: what `..` is, behind a link, is not what it looks like.
  if (typeof target === 'string') return `${dirname(target)}/${name(basename(target))}` as P
  // Only POSIX has names that are no text, and they always come with a directory.
  const at = target.lastIndexOf('/')
  return Buffer.concat([target.subarray(0, at + 1), Buffer.from(name(target.toString('utf8', at + 1)))]) as P
}

/** The beginning of a name, in so many bytes, with no character cut in two. */
function cut(name: string, bytes: number): string {
  if (Buffer.byteLength(name) <= bytes) return name
  const whole = Buffer.from(name)
  let end = bytes
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--
  return whole.toString('utf8', 0, end)
}

/** Something ready to be published. Whoever publishes it by renaming says `spent`: then the name is not there any more. */
export interface Staged<T, P extends Path = string> {
  readonly path: P
  readonly made: T
  spent: boolean
}

/**
 * Makes something at a private name beside `target`, hands it to `use`, and takes the name away again, together with
 * whatever `release` gives back.
 */
export function* staged<M, T, P extends Path = string>(
  target: P,
  make: (path: P) => Steps<M>,
  use: (stage: Staged<M, P>) => Steps<T>,
  release: (made: M) => Steps<unknown>[] = () => [],
  names = 3,
): Steps<T> {
  const path = yield* stageName(target)
  let stage: Staged<M, P> | undefined
  try {
    stage = { path, made: yield* make(path), spent: false }
    return yield* use(stage)
  } catch (error) {
    // Nobody else has this name, so EEXIST is the echo of our own call, made twice on the way: another name, then.
    if (stage || names === 1 || !hasCode(error, 'EEXIST')) throw error
  } finally {
    // At once, because neither needs the other. What comes of it is nobody's: the deed is done, or has failed already.
    const given = stage ? release(stage.made) : []
    // Also when `make` failed: it may have made the name all the same, and then said otherwise.
    const last = stage?.spent ? given : [...given, fs.unlink(path)]
    if (last.length > 0) yield* together(last)
  }
  return yield* staged(target, make, use, release, names - 1)
}

/** The same for a file that is written: open while it is used, so that its identity stays its own. */
export const stagedFile = <T>(target: string, mode: number, use: (stage: Staged<number>) => Steps<T>): Steps<T> =>
  staged(
    target,
    path => fs.open(path, 'wx', mode),
    use,
    fd => [fs.close(fd)],
  )

/** The same for a directory, which is taken away by `dispose` if it was not published. */
export function* stagedDirectory<T>(
  target: string,
  use: (stage: Staged<void>) => Steps<T>,
  dispose: (path: string) => Steps<unknown>,
  names = 3,
): Steps<T> {
  const stage: Staged<void> = { path: yield* stageName(target), made: undefined, spent: false }
  let there = false
  try {
    yield* fs.mkdir(stage.path)
    there = true
    return yield* use(stage)
  } catch (error) {
    // The echo of our own call, as above.
    if (there || names === 1 || !hasCode(error, 'EEXIST')) throw error
  } finally {
    if (!stage.spent) yield* inPeace(() => tidy(dispose(stage.path)))
  }
  return yield* stagedDirectory(target, use, dispose, names - 1)
}

/** Runs steps, and then closes the descriptor. */
export function* closing<T>(fd: number, steps: () => Steps<T>): Steps<T> {
  try {
    return yield* steps()
  } finally {
    yield* tidy(fs.close(fd))
  }
}
