// How private names are spelled: `.<basename>.<owner>.<nonce>.holdfast`, beside the target, on the same device. No name
// is used twice, so only its maker touches it, and once that is dead (./debris.ts says when), a sweeper. The mark at the
// end keeps names that users have made from being taken for ours.

import { basename, dirname, sep } from 'node:path'
import { fs, type Path, type Steps } from '../core/steps.js'

/** The mark of every private name. */
export const mark = 'holdfast'

/** The longest name that common filesystems take. */
const longestNameBytes = 255

/** Those that encrypt names (eCryptfs, rclone) take less. What is in a private name besides `tail` is only for readers. */
export const shortNameBytes = 143

/** The longest path that the system takes. */
const longestPathBytes =
  process.platform === 'linux' ? 4095 : process.platform === 'darwin' ? 1023 : Number.POSITIVE_INFINITY

/** A fresh private name beside `target`. */
export function* stageName<P extends Path>(target: P): Steps<P> {
  const owner = yield* fs.self()
  return stageNameOf(target, owner, yield* nonces())
}

/** The same, where directory and name are known already: to cut them out of a path takes as long as a quick call. */
export function* stageNameIn(dir: string, base: string): Steps<string> {
  const owner = yield* fs.self()
  return siblingIn(dir, base, tailOf(owner, yield* nonces()), shortNameBytes)
}

/** One for each. */
export function* stageNames<P extends Path>(targets: readonly P[]): Steps<P[]> {
  const owner = yield* fs.self()
  const digits = yield* nonces(targets.length)
  const length = 2 * nonceBytes
  return targets.map((target, at) => stageNameOf(target, owner, digits.slice(at * length, (at + 1) * length)))
}

const stageNameOf = <P extends Path>(target: P, owner: string, nonce: string): P =>
  siblingName(target, tailOf(owner, nonce), shortNameBytes)

const tailOf = (owner: string, nonce: string): string => `.${owner}.${nonce}.${mark}`

/** Who made this private name; undefined if it is not of this form. */
export const ownerOf = (name: Path): string | undefined =>
  /^\..*\.([a-z0-9]+-[a-z0-9]+-[a-z0-9]+)\.[0-9a-f]{16}\.holdfast$/s.exec(name.toString())?.[1]

const nonceBytes = 8

/** The nonce in a private name. */
export const nonceIn = (name: string): string => name.slice(-2 * nonceBytes - 1 - mark.length, -1 - mark.length)

/** That many nonces in a row: 64 random bits, 16 digits each. */
export function* nonces(count = 1): Steps<string> {
  return (yield* fs.random(nonceBytes * count)).toString('hex')
}

/**
 * A hidden name in the target's directory: the target's own, cut where the name would be longer than `mostBytes`, or the
 * path longer than the system takes; and `tail`.
 */
export function siblingName<P extends Path>(target: P, tail: string, mostBytes = longestNameBytes): P {
  if (typeof target === 'string') return siblingIn(dirname(target), basename(target), tail, mostBytes) as P
  // Only POSIX has names that are not text, and they always come with a directory.
  const at = target.lastIndexOf('/')
  const hidden = hiddenName(target.toString('latin1', 0, at), target.toString('utf8', at + 1), tail, mostBytes)
  return Buffer.concat([target.subarray(0, at + 1), Buffer.from(hidden)]) as P
}

/** Not joined, because that would normalise: behind a link, `..` is not what it looks like. */
const siblingIn = (dir: string, base: string, tail: string, mostBytes: number): string =>
  dir + sep + hiddenName(dir, base, tail, mostBytes)

const hiddenName = (dir: string, base: string, tail: string, mostBytes: number): string =>
  `.${cut(base, roomFor(dir, mostBytes) - 1 - tail.length)}${tail}`

/** How many bytes a name in `dir` may have. Most paths are so short that their bytes need not be counted. */
const roomFor = (dir: string, mostBytes: number): number =>
  dir.length * 3 + 1 + mostBytes <= longestPathBytes
    ? mostBytes
    : Math.min(mostBytes, longestPathBytes - 1 - Buffer.byteLength(dir))

/** The beginning of a name, in at most so many bytes, with no character cut in two. */
export function cut(name: string, bytes: number): string {
  if (Buffer.byteLength(name) <= bytes) return name
  const whole = Buffer.from(name)
  let end = Math.max(0, bytes)
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--
  return whole.toString('utf8', 0, end)
}
