import { openDual } from '../../core/dual.js'
import { isSystemError, type SystemError } from '../../core/errors.js'
import type { Steps } from '../../core/steps.js'
import { emplace } from '../../emplace.js'
import { textOf } from './paths.js'
import { replacing } from './replacing.js'

function* renameOnto(from: string, to: string): Steps<void> {
  try {
    yield* emplace.steps(from, to, { durability: 'none' })
  } catch (error) {
    if (isSystemError(error) && error.syscall === 'lstat') asOfRename(error, from, to)
    throw error
  }
}

/** The look that comes first says why there is nothing to rename, and callers expect the words of the rename. */
function asOfRename(error: SystemError, from: string, to: string): void {
  error.message = error.message.replace(/lstat '.*'/s, () => `rename '${from}' -> '${to}'`)
  Object.assign(error, { syscall: 'rename', path: from, dest: to })
}

export const rename = replacing<Parameters<typeof renameOnto>, void>('rename', openDual(renameOnto), (from, to) => {
  const [source, target] = [textOf(from), textOf(to)]
  return source !== undefined && target !== undefined ? [source, target] : undefined
})
