// `ensureFile` and `ensureLink`.

import { openDual } from '../../core/dual.js'
import { hasCode, isSystemError, systemError } from '../../core/errors.js'
import { asPath } from '../../core/input.js'
import { fs, type Steps } from '../../core/steps.js'
import { createExclusive } from '../../create-exclusive.js'
import { link } from '../../link.js'
import { findEnd } from '../../parts/follow-links.js'

/** Never empties a file that another process has just written: fs-extra looks, and then writes. */
function* ensureFileThere(given: string): Steps<void> {
  const file = asPath(given, 'file')
  try {
    yield* createExclusive.steps(file, '', { parents: true, durability: 'none' })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    yield* ensureBehind(file, error)
  }
}

/** Something that is not a file has the name. A link may lead to where a file can be. */
function* ensureBehind(file: string, error: unknown): Steps<void> {
  const { at, there } = yield* findEnd(file)
  if (there?.isDirectory()) throw systemError('EISDIR', 'open', 'a directory has the name', file)
  // A device, or a pipe: what would be written there is nothing.
  if (there) return
  if (at === file) throw error
  yield* createExclusive.steps(at, '', { parents: true, durability: 'none' })
}

export const ensureFile = openDual(ensureFileThere)

function* ensureLinkThere(source: string, target: string): Steps<void> {
  try {
    yield* link.steps(source, target, { parents: true, tries: 1 })
  } catch (error) {
    if (hasCode(error, 'ENOENT')) yield* lookOrSay('ensureLink', asPath(source, 'src'))
    throw error
  }
}

export const ensureLink = openDual(ensureLinkThere)

/** Looks at a source. If it is missing, the error is of the function `as`, as fs-extra's is. */
export function* lookOrSay(as: string, path: string): Steps<void> {
  try {
    yield* fs.lstat(path)
  } catch (error) {
    if (isSystemError(error)) error.message = error.message.replace('lstat', as)
    throw error
  }
}
