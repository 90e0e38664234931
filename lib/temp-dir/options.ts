import type { Patience } from '../core/input.js'

export interface TempDirOptions extends Patience {
  /** Where it is made. @default os.tmpdir() */
  readonly dir?: string | URL | undefined
  /** How its name begins: at most 50 letters, digits, `-` and `_`. @default 'holdfast' */
  readonly prefix?: string | undefined
}
