// Content stores as they are usually written: a blob has a fixed name, its digest; what is there counts as right, because it
// is there; and what was looked up is still there.

import { createHash } from 'node:crypto'
import type { CheckedOut } from 'holdfast/content'
import { fs, hasCode, orNothing, type Steps } from 'holdfast/steps'
import type { Blobs } from '../../lib/content/blobs.js'
import { look } from '../../lib/content/find.js'
import { atOnce, type Call } from '../../lib/core/steps.js'

const hashOf = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const fixedName = (root: string, digest: string): string => `${root}/${digest}`
const badName = (root: string, digest: string): string => `${root}/bad-${digest}`

function* there(path: string): Steps<boolean> {
  return (yield* fs.lstat(path, orNothing)) !== undefined
}

/** Writes beside, renames onto the fixed name, and leases that by a link. `trusting`: unless something has the name. */
export function* putFixed(root: string, data: string, who: string, trusting = false): Steps<string> {
  const path = fixedName(root, hashOf(data))
  const lease = `${root}/lease-${who}`
  if (!trusting || !(yield* there(path))) {
    const stage = `${root}/stage-${who}`
    const fd = yield* fs.open(stage, 'wx')
    yield* fs.write(fd, Buffer.from(data))
    yield* fs.close(fd)
    yield* fs.link(stage, lease)
    yield* fs.rename(stage, path)
  } else yield* fs.link(path, lease)
  return path
}

/** Removes the blob if nothing else keeps it. */
export function* evictFixed(root: string, digest: string): Steps<boolean> {
  const path = fixedName(root, digest)
  const stats = yield* fs.lstat(path, orNothing)
  if (!stats || stats.nlink > 1n) return false
  return yield* gone(fs.unlink(path))
}

/** Reads the blob, and takes it away if it is damaged. */
export function* verifyFixed(root: string, digest: string): Steps<boolean> {
  const path = fixedName(root, digest)
  let bytes: Buffer
  try {
    bytes = yield* fs.readFile(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    return true
  }
  if (hashOf(bytes) === digest) return true
  yield* gone(fs.rename(path, badName(root, digest)))
  return false
}

function* gone(call: Steps<void>): Steps<boolean> {
  try {
    yield* call
    return true
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    return false
  }
}

/** Links what was looked up, once. */
export function* checkoutOnce(find: () => Steps<string | undefined>, to: string): Steps<string | undefined> {
  const path = yield* find()
  if (path === undefined) return undefined
  yield* fs.link(path, to)
  return 'linked'
}

/** Links what was looked up to all names together, and takes it for granted that each link was made. */
export function* checkoutManyOnce(blobs: Blobs, files: readonly (readonly string[])[]): Steps<Map<string, CheckedOut>> {
  const found = yield* look(blobs, files[0]?.[0] as string, false)
  if (found) yield* atOnce(files.map(([, to]) => ({ op: 'link', args: [found.path, to as string] }) as Call))
  return new Map(files.map(([, to]) => [to as string, found && 'linked']))
}
