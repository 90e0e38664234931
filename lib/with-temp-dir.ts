import { dual } from './core/dual.js'
import { asFunction, refusal } from './core/input.js'
import { fs, type Steps } from './core/steps.js'
import { cleaningUp, discard, stoppedAfter, workAnyway } from './parts/cleanup.js'
import { asTemp, makeTemp, type Temp } from './temp-dir/make.js'
import type { TempDirOptions } from './temp-dir/options.js'
import { type Made, removeTemp } from './temp-dir/temp.js'

export interface WithTempDir {
  <T>(work: (path: string) => T | PromiseLike<T>, options?: TempDirOptions): Promise<Awaited<T>>
  /** The same, without a promise; `work` must not return one either. */
  sync<T>(work: (path: string) => T, options?: TempDirOptions): T
  /** The same, as steps of a larger algorithm. */
  steps<T>(work: (path: string) => T | PromiseLike<T>, options?: TempDirOptions): Steps<Awaited<T>>
}

/**
 * Runs a function with a temporary directory.
 *
 * Holds afterwards: `work` ran, from its beginning to its end, while the directory was there, and the directory is removed
 * with all that was in it, whether `work` succeeded or not. If `work` failed, its own error is thrown.
 *
 * Not promised: what `tempDir` does not promise. If it cannot be removed, because another process goes on making things in it,
 * that is no failure: it is swept when this process has ended. `signal` and `timeout` apply to the making of the directory
 * only; pass them to `work` yourself if it should stop, too.
 *
 * @param work Gets the path of the directory; returns a value or a promise (in the sync form, a value).
 * @returns What `work` returned, or what its promise resolved to.
 * @throws What `work` threw, unchanged. What `tempDir` throws.
 *
 * @example
 * const size = await withTempDir(async path => (await render(join(path, 'page.pdf'))).size)
 */
export const withTempDir = dual(
  function* withTempDir(work: (path: string) => unknown, options: TempDirOptions = {}): Steps<unknown> {
    if (asFunction(work, 'work') === undefined) throw refusal('ERR_INVALID_ARG_TYPE', 'work', 'of type function', work)
    const job = asTemp(options, 'withTempDir')
    return yield* stoppedAfter(working(yield* makeTemp(job), work, job))
  },
  { patient: true },
) as unknown as WithTempDir

function* working(temp: Made, work: (path: string) => unknown, { trial }: Temp): Steps<unknown> {
  try {
    const returned = work(temp.path)
    // It may still be at work there, so it is waited for in any case.
    return yield* workAnyway(() => fs.settle(returned))
  } finally {
    yield* cleaningUp(() => discard(() => removeTemp.steps(temp.path, temp.made, { retryFor: trial.retryFor })))
  }
}
