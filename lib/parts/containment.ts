// Is one place below another? Told by the names that the system gives them, not by those they were asked for.

import { basename, dirname, join, resolve, sep } from 'node:path'
import { hasCode } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'

/** `path` need not be there yet, nor what is above it. */
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
      // What is missing would be made as plain directories, and `..` leads out of those again, to what may be there.
      return missing.includes('..') ? yield* realpathOf(resolve(real, ...missing)) : join(real, ...missing)
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || dirname(at) === at) throw error
      missing.unshift(basename(at))
    }
  }
}
