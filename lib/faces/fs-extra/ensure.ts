// `ensureFile` and `ensureLink`.

import { rescued } from '../../core/around.js'
import { openDual } from '../../core/dual.js'
import { hasCode, isSystemError, systemError } from '../../core/errors.js'
import { asPath } from '../../core/input.js'
import { fs, type Steps } from '../../core/steps.js'
import { createExclusive } from '../../create-exclusive.js'
import { link } from '../../link.js'
import { findEnd } from '../../parts/follow-links.js'

const asFsExtra = { parents: true, durability: 'none' } as const

/** Never empties a file that another process has just written: fs-extra looks, and then writes. */
function ensureFileThere(given: string): Steps<void> {
  const file = asPath(given, 'file')
  return rescued<unknown>(
    () => createExclusive.steps(file, '', asFsExtra),
    function* (error) {
      if (!hasCode(error, 'EEXIST')) throw error
      yield* ensureBehind(file, error)
    },
    toNothing,
  ) as Steps<void>
}

const toNothing = (): undefined => undefined

/** Something that is not a file has the name. A link may lead to where a file can be. */
function* ensureBehind(file: string, error: unknown): Steps<void> {
  const { at, there } = yield* findEnd(file)
  if (there?.isDirectory()) throw systemError('EISDIR', 'open', 'a directory has the name', file)
  // A device, or a pipe: what would be written there is nothing.
  if (there) return
  if (at === file) throw error
  yield* createExclusive.steps(at, '', asFsExtra)
}

export const ensureFile = openDual(ensureFileThere)

const inOneTry = { parents: true, tries: 1 } as const

const ensureLinkThere = (source: string, target: string): Steps<void> =>
  rescued<unknown>(
    () => link.steps(source, target, inOneTry),
    function* (error) {
      if (hasCode(error, 'ENOENT')) yield* lookOrSay('ensureLink', asPath(source, 'src'))
      throw error
    },
    toNothing,
  ) as Steps<void>

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
