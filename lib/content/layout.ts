// Where things are in a content store:
//
// | name                                       | what it is                                                              |
// |--------------------------------------------|-------------------------------------------------------------------------|
// | `holdfast.json`                            | the format                                                              |
// | `blobs/<hhhq>/<digest>.<size>-<nonce>`     | a generation of a blob, 0444; with `x` at its end, executable, 0555     |
// | `leases/.<label>.<owner>.<nonce>.holdfast` | a lease: a hard link, which keeps the bytes whatever becomes of a       |
// |                                            | generation; and what is being written                                   |
// | `bad/<generation>`                         | what did not have the bytes that its name says                          |
// | `usage/`                                   | the cell that says how much there is (./reserve.ts)                     |
// | `evict.lock/`, `evicted.json`              | who evicts, and what was evicted last                                   |
//
// No name of a generation is used twice. So a call that is late (an eviction, a verification, a removal) finds ENOENT, and
// never takes what another process has put there since. All generations of a digest have the same bytes, so it does not
// matter which one a caller gets.

import type { Steps } from '../core/steps.js'
import type { Format } from '../create-exclusive/format.js'
import { stageNameIn } from '../parts/stage-names.js'

/**
 * With so many directories, a hundred thousand blobs are about 6 in each. To look for one, a directory is listed: with 24 in
 * each, a first look cost twice as much as with one. With more directories a scan costs more, and each is a block of the disk.
 */
export const contentFormat: Format = { kind: 'content', format: 1, shards: 16_384 }

export interface Generation {
  readonly name: string
  readonly digest: string
  readonly size: number
  readonly executable: boolean
}

const spelled = /^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})\.([0-9a-z]{1,11})-[0-9a-f]{16}(x?)$/

export function generationOf(digest: string, size: number, nonce: string, executable: boolean): Generation {
  const name = `${digest}.${size.toString(36)}-${nonce}${executable ? 'x' : ''}`
  return { name, digest, size, executable }
}

/** The generation that a name spells; undefined if it spells none. */
export function parseGeneration(name: string): Generation | undefined {
  const [, digest, size, executable] = spelled.exec(name) ?? []
  if (digest === undefined || size === undefined) return undefined
  return { name, digest, size: Number.parseInt(size, 36), executable: executable === 'x' }
}

const hexAt = 7
/** Three digits of the digest, and in which quarter the next one is. */
export function shardOf(root: string, digest: string): string {
  const quarter = Number.parseInt(digest.charAt(hexAt + 3), 16) >> 2
  return `${root}/blobs/${digest.slice(hexAt, hexAt + 3)}${quarter}`
}

export const isShard = (name: string): boolean => /^[0-9a-f]{3}[0-3]$/.test(name)

export const pathOf = (root: string, { digest, name }: Generation): string => `${shardOf(root, digest)}/${name}`

export const badPath = (root: string, { name }: Generation): string => `${root}/bad/${name}`

export const leasesOf = (root: string): string => `${root}/leases`

/** As much of a digest as a private name can say on any filesystem; more than enough to tell digests apart. */
const labelLength = 71

/** What the private name of a lease is made of. Of what is being written, no digest may be known yet. */
export const labelOf = (root: string, digest: string | undefined): string => `${leasesOf(root)}/${wordOf(digest)}`

/** A fresh private name of that kind. */
export const leaseName = (root: string, digest: string | undefined): Steps<string> =>
  stageNameIn(leasesOf(root), wordOf(digest))

const wordOf = (digest: string | undefined): string => (digest === undefined ? unnamed : digest.slice(0, labelLength))

const unnamed = 'upload'

/** May this private name be a lease of the digest? `unknown`: it says none. */
export function isLeaseOf(name: string, digest: string): boolean | 'unknown' {
  if (name.startsWith(`.${unnamed}.`)) return 'unknown'
  return name.startsWith(`.${digest.slice(0, labelLength)}.`)
}
