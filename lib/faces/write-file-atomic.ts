// `holdfast/write-file-atomic`: the surface of write-file-atomic 8 over the work of `writeFile`.
//
// | write-file-atomic | here |
// |---|---|
// | `(file, data, options, callback)`, `.sync`; a string as options is the encoding | to the letter |
// | data that is undefined or null is an empty file; what is no string and no view goes through `String` | to the letter |
// | `mode` and `chown`: absent or null keep the old file's, false leaves them to the system | to the letter, in `.sync` too |
// | `fsync: false`, `tmpfileCreated` (may return a promise; what it throws fails the write) | to the letter |
// | calls for one file run in the order in which they were made | to the letter |
// | EPERM, EINVAL, ENOSYS of chown, and for ordinary users of chmod | swallowed, too; for root, chown's as well |
// | the callback | called with undefined or the error; what it throws is an uncaught exception; the call returns undefined then |
// | two processes or threads whose private names are the same | stronger: no name is used twice |
// | a view of several bytes each, as Uint16Array | stronger: all of its bytes are written |
// | a link that leads nowhere yet | stronger: the file that it leads to is made, and the link stays |
// | writes into the options object | refused: it is never changed |
// | removes the private file at exit | refused: no hooks at exit; a process that is killed leaves it for `sweep` |

import { resolve } from 'node:path'
import { openDual } from '../core/dual.js'
import { asPath } from '../core/input.js'
import { publishing } from '../core/publication.js'
import { askUser } from '../parts/cleanup.js'
import { asKept, writeAtomically } from './atomic-write.js'
import { type Callback, reportInto } from './callback.js'

type Data = string | NodeJS.ArrayBufferView

interface WriteOptions {
  /** The owner. `false`: leave it to the system. @default that of the file that is replaced */
  readonly chown?: { readonly uid: number; readonly gid: number } | false | null | undefined
  /** The encoding of strings. @default 'utf8' */
  readonly encoding?: BufferEncoding | null | undefined
  /** Whether the data is synced before the file gets its name. @default true */
  readonly fsync?: boolean | undefined
  /** Permission bits. `false`: those of a new file. @default those of the file that is replaced */
  readonly mode?: number | string | false | null | undefined
  /** Called with the private name, when the file is there and empty. */
  readonly tmpfileCreated?: ((tmpfile: string) => unknown) | undefined
}

const forms = openDual(
  // The driver takes no options: those of this package have no signal and no timeout.
  publishing(function* writeFileAtomic(publication, file: string, data: unknown, _driver = {}, given?: WriteOptions) {
    const { chown, mode, encoding, fsync, tmpfileCreated } = given ?? {}
    const options = {
      chown: asKept(chown),
      mode: asKept(mode),
      encoding: encoding || ('utf8' as const),
      durability: fsync === false ? ('none' as const) : ('file' as const),
    }
    const hooks = tmpfileCreated && { created: (path: string) => askUser(() => tmpfileCreated(path)) }
    yield* writeAtomically(publication, 'writeFileAtomic', file, asData(data), options, hooks)
  }),
  { turns: file => [resolve(asPath(file, 'file'))] },
)

const asData = (data: unknown): Data =>
  ArrayBuffer.isView(data) ? (data as NodeJS.ArrayBufferView) : String(data ?? '')

const asOptions = (given: unknown): WriteOptions | undefined =>
  typeof given === 'string' ? { encoding: given as BufferEncoding } : (given as WriteOptions | undefined)

type Given = WriteOptions | BufferEncoding

type Sync = (filename: string, data: Data, options?: Given) => void

interface WriteFileAtomic {
  (filename: string, data: Data, options: Given | undefined, callback: (error?: Error) => void): void
  (filename: string, data: Data, callback: (error?: Error) => void): void
  (filename: string, data: Data, options?: Given): Promise<void>
  readonly sync: Sync
}

const sync: Sync = (filename, data, options) => forms.sync(filename, data, undefined, asOptions(options))

function write(filename: string, data: Data, options?: unknown, callback?: Callback): Promise<void> | undefined {
  if (typeof options === 'function') return write(filename, data, undefined, options as Callback)
  const promise = forms(filename, data, undefined, asOptions(options))
  return callback ? reportInto(promise, callback) : promise
}

const writeFileAtomic = Object.assign(write, { sync }) as WriteFileAtomic
declare namespace writeFileAtomic {
  export type Options = WriteOptions
}

export { sync, writeFileAtomic as default, writeFileAtomic as 'module.exports' }
