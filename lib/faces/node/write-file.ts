// `writeFile`: whole or not at all, where Node's contract is to empty a file and to fill it again. Who reads it meanwhile
// sees the old content or the new.

import { openDual } from '../../core/dual.js'
import { hasCode, isSystemError } from '../../core/errors.js'
import { asPath } from '../../core/input.js'
import { type Publication, publishing } from '../../core/publication.js'
import type { Stats } from '../../core/stats.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { syncName } from '../../parts/durable.js'
import { type Permissions, unchanged } from '../../parts/permissions.js'
import type { Data } from '../../parts/source.js'
import { write } from '../../write-file/write.js'
import { asWriting } from '../../write-file.js'
import { nodeFs } from '../node-fs.js'
import { isFlag, isMode, textOf } from './paths.js'
import { replacing } from './replacing.js'
import { throughNode } from './through-node.js'

/** The options of Node that can be kept. */
interface Options {
  readonly encoding?: BufferEncoding | undefined
  readonly mode?: number | string | undefined
  readonly signal?: AbortSignal | undefined
  readonly flush?: boolean | undefined
}

/**
 * Writes a new file, or one in the place of a file with one name that the caller may write. Anything else is opened and
 * written as Node does it: a device, a pipe, a file with several names, which all are to have the content.
 */
export function* writeAsNode(
  publication: Publication,
  file: string,
  data: Data,
  options: Options = {},
  parents = false,
): Steps<void> {
  const { encoding, mode, flush } = options
  // What comes in pieces comes once, so who writes it must be known before.
  if (!isWhole(data) && !(yield* canBeReplaced(yield* lookAt(asPath(file, 'file')), file)))
    return yield* writeThroughNode(file, data, options)
  const durability = flush ? 'file' : 'none'
  const job = asWriting(file, data, { encoding, durability, inPlace: 'when-needed', parents }, 'writeFile', publication)
  const found = (at: string, there: Stats | undefined): Steps<void> | undefined => {
    // Node has the mode for a new file only, and the umask holds.
    if (mode !== undefined) job.permissions = there ? unchanged : asNew(mode)
    return isOwn(there) ? undefined : refuseKept(at, there)
  }
  job.hooks = { found }
  try {
    const at = yield* write(job)
    if (at !== undefined) yield* syncName(at, job.durability, job.parents)
  } catch (error) {
    if (error !== forNode) throw error
    yield* writeThroughNode(file, data, options)
  }
}

/** What is there cannot be replaced. */
const forNode = Symbol('for Node')

function* refuseKept(at: string, there: Stats | undefined): Steps<void> {
  if (!(yield* canBeReplaced(there, at))) throw forNode
}

const asNew = (mode: number | string): Permissions => ({
  mode: (typeof mode === 'string' ? Number.parseInt(mode, 8) : mode) & 0o777 & ~process.umask(),
  owner: undefined,
})

function* writeThroughNode(file: string, data: Data, options: Options): Steps<void> {
  if (isWhole(data)) yield* throughNode('writeFile', file, data, options)
  // Only the promise form takes pieces.
  else yield* fs.settle(nodeFs.promises.writeFile(file, data as Iterable<string>, options))
}

/** Undefined also if that cannot be seen: the write reports why. */
function* lookAt(file: string): Steps<Stats | undefined> {
  try {
    return yield* fs.stat(file, orNothing)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return undefined
  }
}

function* canBeReplaced(there: Stats | undefined, file: string): Steps<boolean> {
  if (isOwn(there)) return true
  return isSingle(there) && (yield* isWritable(file))
}

/** A file that was replaced between its two looks has no name left: who fills it in place would empty the one that came. */
const isSingle = (there: Stats): boolean => there.isFile() && there.nlink <= 1n

/** Nothing, or a file of this user. One is read-only so that it stays as it is, and a rename would not care. */
const isOwn = (there: Stats | undefined): there is undefined =>
  !there ||
  (isSingle(there) &&
    process.geteuid !== undefined &&
    Number(there.uid) === process.geteuid() &&
    (there.mode & 0o200n) !== 0n)

function* isWritable(file: string): Steps<boolean> {
  try {
    yield* fs.close(yield* fs.open(file, 'rewrite'))
    return true
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ETXTBSY')) throw error
    return false
  }
}

const writing = openDual(publishing(writeAsNode))

/** As in `node:fs`. */
export const writeFile = replacing('writeFile', writing, (...args) => taken(args, isWhole))

/** As in `node:fs/promises`: the data may come piece by piece. */
export const writePieces = replacing('writeFile', writing, (...args) =>
  taken(args, data => isWhole(data) || comesInPieces(data)),
)

function taken(
  [file, data, given]: readonly unknown[],
  isData: (data: unknown) => boolean,
): [file: string, data: Data, options: Options] | undefined {
  const [text, options] = [textOf(file), optionsOf(given)]
  return text !== undefined && options && isData(data) ? [text, data as Data, options] : undefined
}

const { constants } = nodeFs

const replacingFlags: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  'w',
  constants.O_TRUNC | constants.O_CREAT | constants.O_WRONLY,
])

/** Returns the options, if they ask for a file to be replaced: not for one to be appended to, or to be new. */
export function optionsOf(given: unknown): Options | undefined {
  const options = (typeof given === 'string' ? { encoding: given } : (given ?? {})) as Record<string, unknown>
  if (typeof options !== 'object') return undefined
  const { encoding, mode, flag, signal, flush } = options
  const isKept =
    replacingFlags.has(flag) && isMode(mode) && isFlag(flush) && (signal === undefined || signal instanceof AbortSignal)
  if (!isKept || (encoding && !Buffer.isEncoding(encoding as string))) return undefined
  return { ...options, encoding: encoding || undefined } as Options
}

/** All of it is there: it need not be waited for. */
export const isWhole = (data: unknown): data is string | Uint8Array =>
  typeof data === 'string' || ArrayBuffer.isView(data)

function comesInPieces(data: unknown): boolean {
  const given = (data ?? {}) as Partial<Iterable<unknown> & AsyncIterable<unknown>>
  return typeof (given[Symbol.asyncIterator] ?? given[Symbol.iterator]) === 'function'
}
