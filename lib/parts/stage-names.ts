// How private names are spelled: `.<basename>.<owner>.<nonce>`, beside the target, on the same device. No name is used
// twice, so only its maker touches it, and once that is dead (./debris.ts says when), a sweeper.

import { basename, dirname } from 'node:path'
import { fs, type Path, type Steps } from '../core/steps.js'

/** The longest name that every common filesystem takes. */
const longestNameBytes = 255

/** A fresh private name beside `target`. */
export function* stageName<P extends Path>(target: P): Steps<P> {
  const owner = yield* fs.self()
  return siblingName(target, `.${owner}.${yield* nonces()}`)
}

/** One for each. */
export function* stageNames<P extends Path>(targets: readonly P[]): Steps<P[]> {
  const owner = yield* fs.self()
  const digits = yield* nonces(targets.length)
  const length = 2 * nonceBytes
  return targets.map((target, at) => siblingName(target, `.${owner}.${digits.slice(at * length, (at + 1) * length)}`))
}

/** Who made this private name; undefined if it is not of this form. */
export const ownerOf = (name: Path): string | undefined =>
  /^\..*\.([a-z0-9]+-[a-z0-9]+-[a-z0-9]+)\.[0-9a-f]{16}$/s.exec(name.toString())?.[1]

const nonceBytes = 8

/** That many nonces in a row: 64 random bits, 16 digits each. */
export function* nonces(count = 1): Steps<string> {
  return (yield* fs.random(nonceBytes * count)).toString('hex')
}

/** A hidden name in the target's directory: the target's own, cut where it would be too long, and `tail`. */
export function siblingName<P extends Path>(target: P, tail: string): P {
  const name = (base: string) => `.${cut(base, longestNameBytes - 1 - tail.length)}${tail}`
  // Not joined, because that would normalise: behind a link, `..` is not what it looks like.
  if (typeof target === 'string') return `${dirname(target)}/${name(basename(target))}` as P
  // Only POSIX has names that are not text, and they always come with a directory.
  const at = target.lastIndexOf('/')
  return Buffer.concat([target.subarray(0, at + 1), Buffer.from(name(target.toString('utf8', at + 1)))]) as P
}

/** The beginning of a name, in at most so many bytes, with no character cut in two. */
function cut(name: string, bytes: number): string {
  if (Buffer.byteLength(name) <= bytes) return name
  const whole = Buffer.from(name)
  let end = bytes
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--
  return whole.toString('utf8', 0, end)
}
