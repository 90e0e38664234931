// What a content store promises.

import type { Readable } from 'node:stream'
import type { Dual } from '../core/dual.js'
import type { Patience } from '../core/input.js'
import type { Progress } from '../core/progress.js'
import type { Data } from '../parts/source.js'

/** Keeps blobs: they can be read through the store object that has the lease, whatever is evicted or removed. */
export interface ContentLease {
  /** What is leased, each digest once. */
  readonly digests: readonly string[]
  /** What was asked for, and is not there. */
  readonly missing: readonly string[]
  /** Gives the blobs back. More than once is no error. */
  readonly release: Dual<[], void>
  [Symbol.asyncDispose](): Promise<void>
  [Symbol.dispose](): void
}

/** What was put. */
export interface Blob {
  /** `sha256-<hex>` or `sha512-<hex>`. */
  readonly digest: string
  /** The same in base64, as in `integrity` attributes and lock files. */
  readonly integrity: string
  readonly size: number
  /** Did this call write it? False: it was there. */
  readonly made: boolean
  /** Keeps it until it is released. */
  readonly lease: ContentLease
}

interface Reporting extends Patience {
  /** Called as the call comes along. An error that it throws ends the call. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

export interface PutOptions extends Reporting {
  /** What the digest must be: `<algorithm>-<hex>`, or an SRI text. Otherwise nothing is stored (`ERR_DIGEST`). */
  readonly digest?: string | undefined
  /** Stores it as an executable file. @default false */
  readonly executable?: boolean | undefined
}

export interface ReadRange extends Patience {
  /** The first byte. @default 0 */
  readonly start?: number | undefined
  /** The byte behind the last. @default the size of the blob */
  readonly end?: number | undefined
}

export interface CheckoutOptions extends Patience {
  /**
   * `link`: a hard link, or an error. `copy`: a file of its own, which may be changed. `auto`: a link, or where nothing can
   * be linked, a copy of the same mode. @default 'auto'
   */
  readonly mode?: 'link' | 'copy' | 'auto' | undefined
  /** Replaces what has the name, in one step. @default false */
  readonly replace?: boolean | undefined
  /** Makes missing directories above the name. @default false */
  readonly parents?: boolean | undefined
  /** The file is to be executable. @default false */
  readonly executable?: boolean | undefined
}

export interface CheckoutManyOptions extends CheckoutOptions, Reporting {
  /** How many files are made at a time. @default 64 */
  readonly concurrency?: number | undefined
}

export interface VerifyOptions extends Reporting {
  /** How many blobs are read at a time. @default 64 */
  readonly concurrency?: number | undefined
}

/** `linked`, `copied`: this call made the file. `already`: it was there. undefined: there is no such blob. */
export type CheckedOut = 'linked' | 'copied' | 'already' | undefined

/** What is in a store. Bytes are those of the disk that a removal would free, not the sizes of files. */
export interface Usage {
  /** How many blobs nothing else keeps, and their bytes. */
  readonly count: number
  readonly bytes: number
  /** How many are leased, or linked elsewhere, so that their removal would free nothing; and their bytes. */
  readonly pinned: number
  readonly pinnedBytes: number
  /** How many are in quarantine, because their bytes were not what their digest says; and their bytes. */
  readonly bad: number
  readonly badBytes: number
}

/** What an eviction has done. */
export interface Evicted {
  /** How many blobs this call has removed, and the bytes of the disk that this has freed. */
  readonly count: number
  readonly bytes: number
  /** What is left. */
  readonly left: Usage
}

export interface Verified {
  /** How many blobs were read. */
  readonly checked: number
  /** The digests of those that had other bytes, and are in quarantine now. */
  readonly bad: readonly string[]
}

/** Bytes by their digest, for any number of processes. Each function has the forms of `Dual`, but for `stream`. */
export interface ContentStore {
  /**
   * Stores bytes. Afterwards they are there, whole, and stay at least until `lease` is released. `made: false`: they were
   * there, and nothing was written.
   */
  readonly put: Dual<[data: Data, options?: PutOptions], Blob>
  /** Takes a file: it becomes the blob, and its name is gone. On another filesystem it is copied, and then removed. */
  readonly adopt: Dual<[file: string | URL, options?: PutOptions], Blob>
  readonly has: Dual<[digest: string, options?: Patience], boolean>
  /** How many bytes the blob has; undefined if it is not there. */
  readonly size: Dual<[digest: string, options?: Patience], number | undefined>
  /** Reads a blob, or a range of it; undefined if it is not there. */
  readonly read: Dual<[digest: string, options?: ReadRange], Buffer | undefined>
  /** The same as a stream, which reads the blob to its end, whatever becomes of it meanwhile. */
  stream(digest: string, options?: ReadRange): Promise<Readable | undefined>
  /** Makes `to` a file with the bytes: a read-only link where that is possible. */
  readonly checkout: Dual<[digest: string, to: string | URL, options?: CheckoutOptions], CheckedOut>
  /** The same for many files, each by itself: what became of each, by its path as it was given. */
  readonly checkoutMany: Dual<
    [files: Iterable<readonly [digest: string, to: string]>, options?: CheckoutManyOptions],
    Map<string, CheckedOut>
  >
  /** Keeps blobs that are there. */
  readonly lease: Dual<[digests: Iterable<string>, options?: Patience], ContentLease>
  /** Removes what is over the limits, that first which was not used for the longest time. */
  readonly evict: Dual<[options?: Patience], Evicted>
  /** Looks at every blob. */
  readonly usage: Dual<[options?: Patience], Usage>
  /** Reads every blob, and puts those that are damaged into quarantine. */
  readonly verify: Dual<[options?: VerifyOptions], Verified>
  /** Removes a blob that no process has leased. Returns whether this call did. */
  readonly remove: Dual<[digest: string, options?: Patience], boolean>
  /** Releases the leases of this store object. */
  readonly close: Dual<[options?: Patience], void>
  [Symbol.asyncDispose](): Promise<void>
}
