// What is set aside and must not be deleted has a name that no sweeper takes for debris, and that people can see:
// `<name>.set-aside-<nonce>`.

import { isSystemError, systemError } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { type Aside, putBack } from './set-aside.js'
import { nonces, siblingName } from './stage-names.js'

/** A fresh name of that kind beside `path`. */
export function* keptName<P extends Path>(path: P): Steps<P> {
  const hidden = siblingName(path, `.set-aside-${yield* nonces()}`)
  const at = hidden.lastIndexOf('/') + 1
  if (typeof hidden === 'string') return (hidden.slice(0, at) + hidden.slice(at + 1)) as P
  return Buffer.concat([hidden.subarray(0, at), hidden.subarray(at + 1)]) as P
}

/** How often it is tried to give a thing its name back. */
const mostTries = 3

/**
 * Gives back what another process has put at a name. If something else has the name now, throws an error that says where
 * it is.
 */
export function* putBackOrKeep(aside: Aside): Steps<void> {
  const { path, at } = aside
  for (let tries = 1; tries <= mostTries; tries++) {
    try {
      return yield* putBack(aside)
    } catch (error) {
      if (!isSystemError(error)) throw error
    }
  }
  if (!(yield* fs.lstat(at, orNothing))) return
  const kept = yield* keep(aside)
  throw systemError('EEXIST', 'rename', `something else has the name; what had it is now at ${kept}`, path, kept)
}

/** Returns where it is: it keeps its private name if that cannot be changed. */
function* keep({ path, at }: Aside): Steps<Path> {
  const kept = yield* keptName(path)
  try {
    yield* fs.rename(at, kept)
    return kept
  } catch (error) {
    if (!isSystemError(error)) throw error
    return (yield* fs.lstat(kept, orNothing)) ? kept : at
  }
}
