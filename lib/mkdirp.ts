import { dual } from './core/dual.js'
import { asMode, asPath, type Patience } from './core/input.js'
import type { Steps } from './core/steps.js'
import { makeDirectory } from './parts/make-directory.js'

export interface MkdirpOptions extends Patience {
  /**
   * Permission bits of the directories that are made, minus the umask: a number (also the `mode` of a `stat`), or an
   * octal string.
   * @default 0o777
   */
  readonly mode?: number | string | undefined
}

/**
 * Makes a directory and the missing ones above it.
 *
 * Holds afterwards: `dir` is a directory, or a link to one, whichever process made it.
 *
 * Not promised: that the directory still exists when you use it, if another process removes directories; that the call
 * succeeds against a process that removes the directory in a tight loop (ENOENT after `retryFor`); that the mode of a
 * directory which existed before is `mode`. Calls of one thread for one directory run one after the other.
 *
 * @param dir A path, or a `file:` URL. A component that is a file, or a link that points nowhere, is an error at once.
 * @returns The topmost directory that this very call made, or undefined if it made none. Among callers that only make
 *   directories, each directory is returned to one.
 * @throws The last error of `mkdir`, about `dir`; the message adds what is in the way: ENOTDIR or EEXIST (a file),
 *   EACCES, EROFS, ENOSPC ...; ENOENT when other processes went on removing its parents for all of `retryFor`. Bad input: `ERR_INVALID_ARG_TYPE`,
 *   `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, before anything is done.
 *
 * @example
 * const made = await mkdirp('build/out/css', { mode: 0o755 })
 *
 * Source of the protocol: `MkdirAll` of Go's os package (attempt, then ask the world), with a look first and a climb by
 * doubling.
 */
export const mkdirp = dual(
  // It returns the steps instead of running them: each generator in between costs as much as half a call.
  function mkdirp(dir: string | URL, options: MkdirpOptions = {}): Steps<string | undefined> {
    const path = asPath(dir, 'dir')
    return makeDirectory(path, asMode(options.mode, 0o777), { as: 'mkdirp', path, retryFor: options.retryFor })
  },
  // Many calls at once ask for one directory: the first makes it, and the others find it.
  { turns: dir => [asPath(dir, 'dir')] },
)
