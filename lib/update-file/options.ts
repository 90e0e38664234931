import type { Durability } from '../core/input.js'
import type { LockOptions } from '../lock/options.js'
import type { WriteFileOptions } from '../write-file.js'

export interface UpdateFileOptions extends LockOptions {
  /** JSON in, JSON out: `change` gets what the file says, and answers what it shall say. @default false */
  readonly json?: boolean | undefined
  /** Of the text that `change` gets and answers; `buffer`: it gets bytes. @default 'utf8' */
  readonly encoding?: BufferEncoding | 'buffer' | undefined
  /** Permission bits, as for `writeFile`. @default those of the file */
  readonly mode?: WriteFileOptions['mode']
  /** As for `writeFile`. @default 'file' */
  readonly durability?: Durability | undefined
}
