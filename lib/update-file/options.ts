import type { Durability } from '../core/input.js'
import type { LockingOptions } from '../lock/options.js'
import type { WriteFileOptions } from '../write-file.js'

export interface UpdateFileOptions extends LockingOptions {
  /** JSON: `change` gets the parsed value, and returns the new one. @default false */
  readonly json?: boolean | undefined
  /**
   * Another format: returns the value of a text, without its byte order mark (of a Buffer, if `encoding` is `buffer`).
   * Called with that alone. `stringify` goes with it. @default the content is the value
   */
  readonly parse?: ((content: never) => unknown) | undefined
  /** Returns the text, or the bytes, of a value: what is written. Called with that alone. `parse` goes with it. */
  readonly stringify?: ((value: never) => string | NodeJS.ArrayBufferView) | undefined
  /** The encoding of the text that `change` or `parse` gets; `buffer`: it gets a Buffer. @default 'utf8' */
  readonly encoding?: BufferEncoding | 'buffer' | undefined
  /** Permission bits, as for `writeFile`. @default the mode of the file */
  readonly mode?: WriteFileOptions['mode']
  /** As for `writeFile`. @default 'file' */
  readonly durability?: Durability | undefined
  /**
   * As for `writeFile`: a file that cannot be replaced, because it is mounted or its directory is shut (then its lock must be
   * elsewhere: `lockPath`, `lockDir`), is written in place. Readers may then see a part of the new content. @default 'never'
   */
  readonly inPlace?: WriteFileOptions['inPlace']
}
