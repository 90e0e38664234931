/// <reference lib="esnext.disposable" preserve="true" />

import { dual } from './core/dual.js'
import type { Steps } from './core/steps.js'
import { asTemp, makeTemp } from './temp-dir/make.js'
import type { TempDirOptions } from './temp-dir/options.js'
import { removeTemp, statsOf, TempDir } from './temp-dir/temp.js'

export type { TempDirOptions } from './temp-dir/options.js'
export type { TempDir } from './temp-dir/temp.js'

/**
 * Makes a temporary directory.
 *
 * Holds afterwards: the directory is there, empty, with a name that no other call ever uses, and only the user of this process
 * may enter it (mode 0700). It stays until it is removed, or this process has ended: then the next call of this function by
 * the same user, with the same `dir`, removes it, at the latest a second after it could.
 *
 * Not promised: that it is removed when this process ends; an exit handler would not run after a kill either. That those of
 * processes elsewhere are swept (another machine, another container, an earlier boot) before they have not changed for a day.
 * That what a child process still does there goes on, after this one has ended. Anything if other users may rename what is in
 * `dir` (a directory that others may write, and without the sticky bit).
 *
 * @param options `dir` must be there.
 * @returns The directory: `path`, and `remove()` (and `remove.sync()`), which removes it with all that is in it; so do `await
 *   using` and `using`. What another process makes there meanwhile may keep it from being removed: ENOTEMPTY.
 * @throws Errors of the system, unchanged: ENOENT, EACCES, ENOSPC ...
 *
 * @example
 * await using temp = await tempDir()
 * await unpack(archive, temp.path)
 */
export const tempDir = dual(
  function* tempDir(options: TempDirOptions = {}): Steps<TempDir> {
    return new TempDir(yield* makeTemp(asTemp(options, 'tempDir')))
  },
  { giveBack: temp => removeTemp.steps(temp.path, statsOf(temp)) },
)
