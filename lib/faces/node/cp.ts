// Node's `cp`: its options and its errors, and `copy` behind it.

import { constants } from 'node:os'
import { dirname, resolve } from 'node:path'
import { openDual } from '../../core/dual.js'
import type { Stats } from '../../core/stats.js'
import { fs, type Steps } from '../../core/steps.js'
import { nodeFs } from '../node-fs.js'
import { copyInWords, type Filter } from './copy-in-words.js'
import { type Both, nameBelow } from './look-at-both.js'
import { isOwnFlag, ownOptions, textOf } from './paths.js'
import { replacing } from './replacing.js'
import type { Word } from './verdicts.js'

interface Options {
  readonly dereference?: boolean
  readonly errorOnExist?: boolean
  readonly filter?: Filter
  readonly force?: boolean
  readonly preserveTimestamps?: boolean
  readonly recursive?: boolean
}

function cpTree(source: string, target: string, options: Options): Steps<void> {
  const { dereference, errorOnExist, filter, force, preserveTimestamps } = options
  return copyInWords(
    { source, target },
    {
      overwrite: force ?? true,
      errorOnExist: errorOnExist ?? false,
      dereference: dereference ?? false,
      preserveTimestamps: preserveTimestamps ?? false,
      ...{ filter, leads, word },
      asksFirst: true,
      check: (was, there) => refuseDirectory({ source, target }, was, there, options),
    },
  )
}

function* refuseDirectory(both: Both, was: Stats, there: Stats | undefined, options: Options): Steps<void> {
  if (!was.isDirectory()) return
  if (options.recursive) {
    if (there && options.errorOnExist && options.force === false) yield* refuseExisting(both, options)
    return
  }
  const { source } = both
  const inside = yield* nameBelow(was, both)
  if (inside !== undefined) throw word('into itself', source, inside)
  const why = `${source} is a directory (not copied)`
  throw cpError('ERR_FS_EISDIR', 'Path is a directory', 'EISDIR', why, source)
}

/** Whether a directory at the target is an error, too, is another thing in each Node: it decides, and copies nothing. */
function* refuseExisting({ source, target }: Both, { dereference = false }: Options): Steps<void> {
  // Of no Node the sync form.
  if (yield* fs.blocking()) return
  const options = { recursive: true, force: false, errorOnExist: true, dereference }
  yield* fs.settle(nodeFs.promises.cp(source, target, { ...options, filter: path => path === source }))
}

const leads = (text: string, link: string): string => resolve(dirname(link), text)

const word: Word = (verdict, source, target, { cause, at = target } = {}) => {
  const error = (code: string, says: string, name: Name, why: string) => cpError(code, says, name, why, at, cause)
  const invalid = (why: string) => error('ERR_FS_CP_EINVAL', 'Invalid src or dest', 'EINVAL', why)
  switch (verdict) {
    case 'same':
      return invalid('src and dest cannot be the same')
    case 'into itself':
    case 'link into itself':
      return invalid(`cannot copy ${source} to a subdirectory of self ${target}`)
    case 'link over its own': {
      const says = 'Cannot overwrite symlink in subdirectory of self'
      return error('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', says, 'EINVAL', `cannot overwrite ${target} with ${source}`)
    }
    case 'directory over other': {
      const why = `cannot overwrite non-directory ${target} with directory ${source}`
      return error('ERR_FS_CP_DIR_TO_NON_DIR', 'Cannot overwrite non-directory with directory', 'EISDIR', why)
    }
    case 'other over directory': {
      const why = `cannot overwrite directory ${target} with non-directory ${source}`
      return error('ERR_FS_CP_NON_DIR_TO_DIR', 'Cannot overwrite directory with non-directory', 'ENOTDIR', why)
    }
    case 'exists':
      return error('ERR_FS_CP_EEXIST', 'Target already exists', 'EEXIST', `${target} already exists`)
    case 'socket':
      return error('ERR_FS_CP_SOCKET', 'Cannot copy a socket file', 'EINVAL', `cannot copy a socket file: ${target}`)
    case 'pipe':
      return error('ERR_FS_CP_FIFO_PIPE', 'Cannot copy a FIFO pipe', 'EINVAL', `cannot copy a FIFO pipe: ${target}`)
  }
}

type Name = 'EINVAL' | 'EISDIR' | 'ENOTDIR' | 'EEXIST'

/** As Node makes the errors of `cp`. Their `errno` is positive. */
function cpError(code: string, says: string, name: Name, why: string, path: string, cause?: unknown): Error {
  const info = { message: why, path, syscall: 'cp', errno: constants.errno[name], code: name }
  const error = new Error(`${says}: cp returned ${name} (${why}) ${path}`, cause === undefined ? undefined : { cause })
  Object.defineProperty(error, 'name', { value: 'SystemError', configurable: true, writable: true })
  return Object.assign(error, { code, info, errno: info.errno, syscall: info.syscall, path })
}

const flags = ['dereference', 'errorOnExist', 'force', 'preserveTimestamps', 'recursive', 'verbatimSymlinks'] as const

export const cp = replacing<Parameters<typeof cpTree>, void>('cp', openDual(cpTree), (source, target, given) => {
  const [from, to] = [textOf(source), textOf(target)]
  const options = ownOptions(given)
  const isOurs =
    options !== undefined &&
    flags.every(name => isOwnFlag(options, name)) &&
    // A clone that must be one, and a target that must be new, are flags of one call to the system.
    (options.mode ?? 0) === 0 &&
    (options.filter === undefined || typeof options.filter === 'function') &&
    !(options.dereference && options.verbatimSymlinks)
  return isOurs && from !== undefined && to !== undefined ? [from, to, options as Options] : undefined
})
