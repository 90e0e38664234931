import type { Durability } from '../core/input.js'
import type { LockingOptions } from '../lock/options.js'
import type { WriteFileOptions } from '../write-file.js'

export interface UpdateFileOptions extends LockingOptions {
  /** JSON: `change` gets the parsed value, and returns the new one. @default false */
  readonly json?: boolean | undefined
  /** The encoding of the text that `change` gets and returns; `buffer`: it gets a Buffer. @default 'utf8' */
  readonly encoding?: BufferEncoding | 'buffer' | undefined
  /** Permission bits, as for `writeFile`. @default the mode of the file */
  readonly mode?: WriteFileOptions['mode']
  /** As for `writeFile`. @default 'file' */
  readonly durability?: Durability | undefined
  /** As for `writeFile`; readers may then see a part of the new content. @default 'never' */
  readonly inPlace?: WriteFileOptions['inPlace']
}
