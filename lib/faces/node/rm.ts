import { mapped } from '../../core/around.js'
import { openDual } from '../../core/dual.js'
import { asPath } from '../../core/input.js'
import { fs, type Steps } from '../../core/steps.js'
import { remove } from '../../remove.js'
import { isFlag, isWithin, textOf } from './paths.js'
import { replacing } from './replacing.js'

const rmTree = (path: string, force?: boolean): Steps<void> =>
  force ? mapped(() => remove.steps(path), toNothing) : rmThere(path)

const toNothing = (): undefined => undefined

function* rmThere(path: string): Steps<void> {
  // The error that something is missing is that of this look, as Node's is.
  yield* fs.lstat(asPath(path, 'path'))
  yield* remove.steps(path)
}

export const tree = openDual(rmTree)

/** `rm` with `recursive`: the rest is one call to the system, and Node's. */
export const rm = replacing<Parameters<typeof rmTree>, void>('rm', tree, (path, options) => {
  const { recursive, force, maxRetries, retryDelay } = (options ?? {}) as Record<string, unknown>
  const text = textOf(path)
  const isOurs = recursive === true && isFlag(force) && isCount(maxRetries) && isCount(retryDelay)
  return isOurs && text !== undefined ? [text, force] : undefined
})

const isCount = (value: unknown): boolean =>
  value === undefined || (Number.isInteger(value) && isWithin(value as number, 2 ** 31 - 1))
