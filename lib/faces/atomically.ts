// `holdfast/atomically`: the surface of atomically 2 over the work of `writeFile`.
//
// | atomically | here |
// |---|---|
// | `writeFile`, `writeFileSync`, `readFile`, `readFileSync`; a string as options is the encoding | to the letter |
// | data: string, bytes, Readable (not in the sync form), undefined; missing parents are made | to the letter |
// | `mode` and `chown`: absent keeps the old file's, false leaves them; 0o666 is that of a new file, less the umask | to the letter |
// | `fsync: false`, `schedule`, `tmpCreate`, `tmpCreated`, `tmpPurge: false` | to the letter |
// | `timeout`: 7,500 ms, in the sync form 1,000; 0 or less: no retries | to the letter, for what waiting can cure |
// | the callback | called with undefined or the error; what it throws is an uncaught exception; the call returns undefined then |
// | EPERM, EINVAL, ENOSYS of chown, and for ordinary users of chmod | swallowed, too; for root, chown's as well |
// | `tmpCreate` of a file that is not there yet | gets an absolute path, as of any other |
// | `fsyncWait: false` | stronger: the sync is waited for |
// | a Readable that fails | stronger: the call fails, and the old file stays (atomically never settles) |
// | a link that leads nowhere yet | stronger: the file that it leads to is made, and the link stays |
// | EACCES and EPERM on POSIX | no retries: waiting does not cure them |
// | a name that is too long is cut | refused: ENAMETOOLONG, because the data would be under another name |
// | removes the private file at exit | refused: no hooks at exit; a process that is killed leaves it for `sweep`, but one whose name `tmpCreate` has made stays |

import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { drive, driveSync } from '../core/drive.js'
import { openDual } from '../core/dual.js'
import { asPath } from '../core/input.js'
import { publishing } from '../core/publication.js'
import { fs, type Steps } from '../core/steps.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { askUser } from '../parts/cleanup.js'
import type { StageHooks } from '../write-file/job.js'
import type { WriteFileOptions } from '../write-file.js'
import { asKept, writeAtomically } from './atomic-write.js'
import { type Callback, reportInto } from './callback.js'

export type Encoding =
  | 'ascii'
  | 'base64'
  | 'binary'
  | 'hex'
  | 'latin1'
  | 'utf8'
  | 'utf-8'
  | 'utf16le'
  | 'ucs2'
  | 'ucs-2'

export type ReadOptions = {
  encoding?: Encoding | null | undefined
  mode?: string | number | false | undefined
  timeout?: number | undefined
}

export type WriteOptions = {
  chown?: { gid: number; uid: number } | false | undefined
  encoding?: Encoding | null | undefined
  fsync?: boolean | undefined
  fsyncWait?: boolean | undefined
  mode?: string | number | false | undefined
  schedule?: ((filePath: string) => Promise<() => void>) | undefined
  timeout?: number | undefined
  tmpCreate?: ((filePath: string) => string) | undefined
  tmpCreated?: ((filePath: string) => void) | undefined
  tmpPurge?: boolean | undefined
}

type Data = Uint8Array | string | undefined

const timeoutMs = 7500
const timeoutSyncMs = 1000

const forms = openDual(
  // The driver takes no options: this `timeout` only limits the retries.
  publishing(function* atomically(
    publication,
    file: string,
    data: unknown,
    _driver = {},
    given: WriteOptions = {},
    longestMs: number = timeoutMs,
  ): Steps<void> {
    const options: WriteFileOptions = {
      chown: asKept(given.chown),
      mode: asMode(given.mode),
      encoding: given.encoding || 'utf8',
      durability: given.fsync === false ? 'none' : 'file',
      parents: true,
      retryFor: Math.max(0, given.timeout ?? longestMs),
    }
    yield* writeAtomically(publication, 'atomically', file, data ?? '', options, hooksOf(given))
  }),
  { turns: file => [resolve(asPath(file, 'file'))] },
)

/** atomically leaves 0o666 to the system, too, which takes the umask off it. */
const asMode = (mode: WriteOptions['mode']): WriteOptions['mode'] =>
  mode === undefined || (mode && mode !== 0o666) ? mode : false

function hooksOf({ tmpCreate, tmpCreated, tmpPurge }: WriteOptions): StageHooks | undefined {
  if (!tmpCreate && !tmpCreated && tmpPurge !== false) return undefined
  return {
    nameOf: tmpCreate && (target => askUser(() => tmpCreate(target))),
    created:
      tmpCreated &&
      (path =>
        askUser(() => {
          tmpCreated(path)
        })),
    keepsFailed: tmpPurge === false,
  }
}

const asOptions = <T extends object>(given: unknown): T =>
  (typeof given === 'string' ? { encoding: given } : (given ?? {})) as T

async function scheduled(file: string, data: unknown, options: WriteOptions): Promise<void> {
  const { schedule } = options
  if (!schedule) return forms(file, data, undefined, options)
  const dispose = await schedule(file)
  try {
    await forms(file, data, undefined, options)
  } finally {
    if (dispose) dispose()
  }
}

function writeFile(
  filePath: string,
  data: Data | Readable,
  callback: (error: NodeJS.ErrnoException | undefined) => void,
): void
function writeFile(
  filePath: string,
  data: Data | Readable,
  options: Encoding | WriteOptions | undefined,
  callback: (error: NodeJS.ErrnoException | undefined) => void,
): void
function writeFile(filePath: string, data: Data | Readable, options?: Encoding | WriteOptions): Promise<void>
function writeFile(filePath: string, data: unknown, options?: unknown, callback?: unknown): Promise<void> | undefined {
  const last = typeof options === 'function' ? options : callback
  const promise = scheduled(filePath, data, asOptions(typeof options === 'function' ? undefined : options))
  return last ? reportInto(promise, last as Callback) : promise
}

function writeFileSync(filePath: string, data: Data, options?: Encoding | WriteOptions): void {
  forms.sync(filePath, data, undefined, asOptions(options), timeoutSyncMs)
}

function* read(path: string, { timeout }: ReadOptions, longestMs: number): Steps<Buffer> {
  const retryFor = Math.max(0, timeout ?? longestMs)
  return yield* achieve(() => fs.readFile(path), noEvidence, { as: 'readFile', path, retryFor })
}

const decoded = (bytes: Buffer, { encoding }: ReadOptions): Buffer | string =>
  encoding ? bytes.toString(encoding) : bytes

function readFile(filePath: string, options: Encoding | (ReadOptions & { encoding: string })): Promise<string>
function readFile(filePath: string, options?: ReadOptions): Promise<Buffer>
async function readFile(filePath: string, options?: unknown): Promise<Buffer | string> {
  const given = asOptions<ReadOptions>(options)
  return decoded(await drive(read(filePath, given, timeoutMs)), given)
}

function readFileSync(filePath: string, options: Encoding | (ReadOptions & { encoding: string })): string
function readFileSync(filePath: string, options?: ReadOptions): Buffer
function readFileSync(filePath: string, options?: unknown): Buffer | string {
  const given = asOptions<ReadOptions>(options)
  return decoded(driveSync(read(filePath, given, timeoutSyncMs)), given)
}

export { readFile, readFileSync, writeFile, writeFileSync }
