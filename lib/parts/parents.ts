// The option `parents` of every function that publishes a name.

import { dirname } from 'node:path'
import { rescued } from '../core/around.js'
import { hasCode, isFinal, isSystemError, markFinal, type SystemError, systemError } from '../core/errors.js'
import { asFlag } from '../core/input.js'
import { platform } from '../core/platform.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type Again, again } from './achieve.js'
import { makeDirectory } from './make-directory.js'
import { addFinding } from './public-names.js'

/** The option, as one call has it. Undefined if missing directories are not wanted. */
export interface Parents {
  /** The directories in which this call made one. Each must be synced if what was made is to outlive a power cut. */
  readonly changed: Set<string>
}

export const asParents = (value: unknown): Parents | undefined =>
  asFlag(value, 'options.parents') ? { changed: new Set() } : undefined

/**
 * Runs steps that put the name `path` into a directory. If that is missing, and `parents` are wanted, the directory is
 * made, and the steps run again. If the steps also need `source`, ENOENT may be about that: then nothing is made.
 */
export const withParents = <T>(
  path: string,
  parents: Parents | undefined,
  steps: () => Steps<T>,
  source?: string,
): Steps<T> => (parents ? retriedWithParents(path, parents, steps, source) : findingParents(path, steps))

/** If ENOENT is about the directory, the error says so, and which option would make it. */
const findingParents = <T>(path: string, steps: () => Steps<T>): Steps<T> =>
  rescued(steps, function* (error): Steps<never> {
    const dir = dirname(path)
    if (hasCode(error, 'ENOENT') && (yield* isMissing(dir)))
      addFinding(error, `the directory '${dir}' is missing, and \`parents: true\` would make it`)
    throw error
  })

/** False also if that cannot be found out. */
function* isMissing(dir: string): Steps<boolean> {
  try {
    return (yield* fs.lstat(dir, orNothing)) === undefined
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}

const retriedWithParents = <T>(
  path: string,
  parents: Parents,
  steps: () => Steps<T>,
  source: string | undefined,
): Steps<T> =>
  rescued(steps, function* (error) {
    if (!hasCode(error, 'ENOENT') || isFinal(error)) throw error
    if (source !== undefined && !(yield* fs.lstat(source, orNothing))) throw error
    yield* makeParents(path, parents, error as SystemError)
    return yield* steps()
  })

function* makeParents(path: string, { changed }: Parents, { syscall }: SystemError): Steps<void> {
  const dir = dirname(path)
  try {
    const topmost = yield* makeDirectory(dir, 0o777, { as: 'mkdirp', path: dir })
    if (topmost === undefined) return
    for (let made = dir; ; made = dirname(made)) {
      changed.add(dirname(made))
      if (made === topmost) return
    }
  } catch (error) {
    // Windows reports ENOENT of a name below a file, where POSIX reports ENOTDIR at once.
    if (platform.isWindows && hasCode(error, 'EEXIST'))
      throw markFinal(systemError('ENOTDIR', syscall, `'${dir}' is not a directory`, path))
    // ENOENT of a name is worth another try, because its directory may have gone again; ENOENT of the directory is not.
    throw markFinal(error)
  }
}

/**
 * After an attempt that failed: `again` if `source` is there, and so ENOENT is about the directory of the new name, which
 * vanished between two calls. `withParents` makes it anew in the next attempt.
 */
export function* statVanishedParent(
  parents: Parents | undefined,
  error: SystemError,
  source: Path,
): Steps<Again | undefined> {
  return parents && hasCode(error, 'ENOENT') && (yield* fs.lstat(source, orNothing)) ? again : undefined
}
