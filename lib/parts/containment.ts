// Is one path inside a directory? Real paths are compared, because a link on the way may lead anywhere.

import { basename, dirname, join, resolve, sep } from 'node:path'
import { hasCode } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'

/** Where `path` is, seen from `dir`. `path` need not exist, nor the directories above it. */
export function* containment(path: string, dir: string): Steps<'same' | 'within' | 'outside'> {
  const real = yield* realpathOf(path)
  const above = yield* fs.realpath(dir)
  if (real === above) return 'same'
  return real.startsWith(above.endsWith(sep) ? above : above + sep) ? 'within' : 'outside'
}

function* realpathOf(path: string): Steps<string> {
  const missing: string[] = []
  for (let at = path; ; at = dirname(at)) {
    try {
      const real = yield* fs.realpath(at)
      // Missing directories would be made as plain ones, so `..` leads out of them, to where something may exist.
      return missing.includes('..') ? yield* realpathOf(resolve(real, ...missing)) : join(real, ...missing)
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || dirname(at) === at) throw error
      missing.unshift(basename(at))
    }
  }
}
