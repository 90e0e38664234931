// `holdfast/content`: bytes by their digest, for any number of processes.

import { Blobs } from './content/blobs.js'
import type { ContentStore } from './content/contract.js'
import { openContent } from './content/open.js'
import { asSettings, type ContentStoreOptions } from './content/options.js'

export type {
  Blob,
  CheckedOut,
  CheckoutManyOptions,
  CheckoutOptions,
  ContentLease,
  ContentStore,
  Evicted,
  PutOptions,
  ReadRange,
  Usage,
  Verified,
  VerifyOptions,
} from './content/contract.js'
export type { Algorithm } from './content/digest.js'
export type { ContentStoreOptions } from './content/options.js'

/**
 * Opens a content store in a directory, which the first `put` makes: bytes by their digest. Any number of processes,
 * containers and machines may use it at once, while any of them evicts.
 *
 * Holds afterwards: what `put` returned is there, whole, and stays at least until its `lease` is released, or the process
 * ends. The holder of a lease reads the blob through it, whatever is evicted or removed. No call returns bytes that do not
 * have the digest (with `verify: 'size'`, or of a range: bytes of a blob of another size). A blob that is found damaged
 * goes into quarantine, `bad/`, is reported on the channel `holdfast:bad-blob`, and counts as missing: the next `put` heals
 * it. A process that is killed leaves each blob whole or absent, and at most private names, which `sweep(dir, { recursive:
 * true })` and every eviction remove. An eviction comes before the `put` that has passed a limit resolves.
 *
 * Not promised: a limit at every moment: blobs that are leased, or linked from elsewhere, are not removed, and every process
 * that puts may have put one more. That a blob without a lease is there a moment later. That a file that was checked out as
 * a link stays as it is if a program changes it in place: it is read-only for that reason. With `durability: 'none'`, that a
 * blob outlives a power cut. Where there are no hard links (exFAT, some network mounts), leases and checkouts are copies.
 *
 * - `put(data, { digest, executable })`: text, bytes, iterables, streams, responses. `adopt(file)`: takes a file.
 * - `has`, `size`, `read(digest, { start, end })`, `stream`: undefined if the blob is not there. A failure is an error.
 * - `checkout(digest, to)`: a read-only hard link, or where there can be none (another device, too many links) a copy, for
 *   that file only. `mode: 'copy'`: a file of its own. `checkoutMany([[digest, to], ...])`: several at a time.
 * - `lease(digests)`: keeps blobs that are there; `missing` names the others. A lease that is garbage-collected is released,
 *   the first of a thread with a process warning (`HOLDFAST_LEASE_DROPPED`).
 * - `evict()`: removes what is over the limits: what was not used for longest. A checkout, a lease, and a read at least once
 *   an hour are uses. `remove(digest)`: false if it is leased, or not there.
 * - `usage()`, `verify()`: look at every blob. `close()`: releases the leases of this store object.
 *
 * Names for blobs come from a store beside it: `names.create('pkg@1', digest)`, with `fileStore`.
 *
 * @param dir A path, or a `file:` URL. Missing directories above it are made as well.
 * @param options `maxBytes`, `evictBytes`, `maxCount`, `maxAge` (ms): limits, none by default. `algorithm`: `sha256` by
 *   default. `verify`, `mode`, `durability`.
 * @returns The store, at once: nothing is read or made before the first call.
 * @throws Of its calls: `ERR_DIGEST` (`expected`, `digest`: the bytes have another digest; nothing is stored);
 *   `ERR_EVICTED` (`has` or `size` said that the blob is there, and it was evicted before it could be used: `evictedAt`,
 *   `evictedBy`, `maxBytes`, `bytes`, `pinnedBytes`); `ERR_STORE_FORMAT` (another version of this package, or another kind of store, has made the
 *   directory); `ERR_STORE_CLOSED`; errors of the system, unchanged: ENOSPC, EACCES, EEXIST (`to` is there) ... Bad input:
 *   `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`.
 *
 * @example
 * const store = contentStore('/var/cache/app', { maxBytes: 2 ** 30 })
 * const { digest, lease } = await store.put(createReadStream('left-pad.js'))
 * await store.checkout(digest, 'node_modules/left-pad/index.js', { parents: true })
 * await lease.release()
 *
 * Source of the protocol: names that are never used again, as in nativelink's filesystem store; a hard link as a lease.
 */
export const contentStore = (dir: string | URL, options: ContentStoreOptions = {}): ContentStore =>
  openContent(new Blobs(asSettings(dir, options)))
