// The store over cells: any number of processes, containers and machines use one directory at once.

import { asDurability, asMode, asNumber, asPath, type Durability, oneOf, refusal } from '../core/input.js'
import { checkNames } from '../core/option-names.js'
import type { Codec } from './codec.js'
import type { Store } from './contract.js'
import { FileBacking } from './files/backing.js'
import { openStore } from './open.js'

export interface FileStoreOptions<T> {
  /** How values are spelled: `json`, which refuses what JSON would lose; `bytes`; or a codec of your own. @default 'json' */
  readonly codec?: Codec<T> | 'json' | 'bytes' | undefined
  /**
   * `file`: a value is on the disk before it can be read; after a power cut a key has its value or an earlier one. `full`:
   * a change is on the disk before the call ends. `none`, for a cache: after a power cut a key has its value, an earlier one,
   * or none; never a part of one.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /**
   * Permission bits of the directory, minus the umask, if a call makes it: a number, or an octal string. Who may read the
   * directory may read the keys and values.
   * @default 0o700
   */
  readonly mode?: number | string | undefined
  /** The most bytes that a value may have. @default 67_108_864, 64 MiB */
  readonly maxValueBytes?: number | undefined
  /**
   * Who removes entries that have expired: `amortised`, one create in 64 looks at up to 64 keys beside its own, for at most
   * 5 ms after it has listed them; `manual`, only `sweep`.
   * @default 'amortised'
   */
  readonly gc?: 'amortised' | 'manual' | undefined
}

const optionNames: ReadonlySet<string> = new Set([
  ...(['codec', 'durability', 'mode', 'maxValueBytes', 'gc'] satisfies (keyof FileStoreOptions<unknown>)[]),
])

/** What the head of a value's file can say. */
const mostBytes = 2 ** 31

/**
 * Opens a store in a directory, which the first change makes. Any number of processes, containers and machines may use it at
 * once.
 *
 * Holds afterwards: of each key there is one state, which one call at a time changes, and only from the state that it saw.
 * No value is read that was not written whole: one that a power cut has left in part counts as absent, and is published on
 * the channel `holdfast:bad-value`. No two keys are one, also where the disk folds case or spells letters in another way.
 * Nothing below `dir` is followed if it is a link; `dir` itself may be one. A process that is killed leaves each key in the
 * state before or after, and at most files that `sweep` removes.
 *
 * Not promised: that a value can be read by no other user, if `mode` or `dir` let one in; that times agree if the clocks of
 * machines do not: an entry ends by the clock of the machine that wrote it. That no entry is seen to come back that ends
 * in the very moment in which it is touched: the clock is asked right before the rename, but the two are not one step. That it
 * is the right place for a million keys:
 * each takes two or three inodes and a block of the disk; SQLite takes less.
 *
 * @param dir A path, or a `file:` URL. Missing directories above it are made as well.
 * @returns The store, at once: nothing is read or made before the first call.
 * @throws Of its calls, besides what they say: `ERR_STORE_FORMAT` (another version of this package has made the directory),
 *   `ERR_KEY_COLLISION` (two long keys have one SHA-256), `ERR_NOT_A_CELL` (another program has put something in the place
 *   of a key), and errors of the system, unchanged: EACCES, ENOSPC ...
 *
 * @example
 * const tokens = fileStore<Token>('/var/lib/app/tokens')
 * const { ok } = await tokens.create('github', token, { ttl: 3_600_000 })
 *
 * Source of the protocol: compare-and-swap by a rename of the exact name (`cell`).
 */
export function fileStore<T = unknown>(dir: string | URL, options: FileStoreOptions<T> = {}): Store<T> {
  checkNames(options, optionNames, 'options')
  const { codec, maxValueBytes } = options
  const engine = {
    root: asPath(dir, 'dir'),
    durability: asDurability(options.durability),
    mode: asMode(options.mode, 0o700),
    gc: oneOf(options.gc, 'options.gc', ['amortised', 'manual'], 'amortised'),
  } as const
  const most = asNumber(maxValueBytes, 'options.maxValueBytes', 2 ** 26, 1)
  if (most > mostBytes)
    throw refusal('ERR_OUT_OF_RANGE', 'options.maxValueBytes', `a number <= ${mostBytes}`, maxValueBytes)
  return openStore<T>(new FileBacking(engine), { codec, maxValueBytes: Math.floor(most) })
}
