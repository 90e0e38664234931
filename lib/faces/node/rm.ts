import { mapped } from '../../core/around.js'
import { openDual } from '../../core/dual.js'
import { asPath } from '../../core/input.js'
import { fs, type Steps } from '../../core/steps.js'
import { remove } from '../../remove.js'
import { isOwnFlag, isWithin, ownOptions, textOf } from './paths.js'
import { replacing } from './replacing.js'
import { spelt } from './spelt.js'

const rmTree = (path: string, force?: boolean): Steps<void> =>
  force ? mapped(() => remove.steps(path), toNothing) : rmThere(path)

const toNothing = (): undefined => undefined

function* rmThere(path: string): Steps<void> {
  // The error that something is missing is that of this look, as Node's is.
  const at = asPath(path, 'path')
  try {
    yield* fs.lstat(at)
  } catch (error) {
    throw spelt(error, at, path)
  }
  yield* remove.steps(path)
}

export const tree = openDual(rmTree)

/** `rm` with `recursive`: the rest is one call to the system, and Node's. */
export const rm = replacing<Parameters<typeof rmTree>, void>('rm', tree, (path, given) => {
  const options = ownOptions(given)
  if (options?.recursive !== true) return undefined
  const text = textOf(path)
  const isOurs = isOwnFlag(options, 'force') && isOwnCount(options, 'maxRetries') && isOwnCount(options, 'retryDelay')
  return isOurs && text !== undefined ? [text, options.force as boolean | undefined] : undefined
})

const isOwnCount = (options: object, name: string): boolean => {
  if (!(name in options)) return true
  const value = Reflect.get(options, name)
  return Number.isInteger(value) && isWithin(value, 2 ** 31 - 1)
}
