// What is set aside and must not be deleted has a name that no sweeper takes for debris, and that people can see:
// `<name>.set-aside-<nonce>`.

import { sep } from 'node:path'
import { hasCode, isSystemError, systemError } from '../core/errors.js'
import { fs, type Path, type Steps } from '../core/steps.js'
import { addFinding, namingPublicly } from './public-names.js'
import { isThere, putBack, type Renamed, whereItIs } from './put-back.js'
import { nonces, shortNameBytes, siblingName } from './stage-names.js'

/** A fresh name of that kind beside `path`. */
export function* keptName<P extends Path>(path: P): Steps<P> {
  const hidden = siblingName(path, `.set-aside-${yield* nonces()}`, shortNameBytes)
  const at = hidden.lastIndexOf(sep) + 1
  if (typeof hidden === 'string') return (hidden.slice(0, at) + hidden.slice(at + 1)) as P
  return Buffer.concat([hidden.subarray(0, at), hidden.subarray(at + 1)]) as P
}

/** How often it is tried to give a thing its name back. */
const mostTries = 3

/**
 * Gives back what another process has put at a name. If something else has the name now, `failure`, the error that comes
 * out of the call, says where the thing is. If there is none, throws one.
 */
export function* putBackOrKeep(aside: Renamed, failure?: unknown): Steps<void> {
  const { path, at } = aside
  namingPublicly(failure, at, path)
  for (let tries = 1; tries <= mostTries; tries++) {
    try {
      return yield* putBack(aside)
    } catch (error) {
      if (!isSystemError(error)) throw error
    }
  }
  const kept = yield* keep(aside)
  if (kept === undefined) return
  if (failure === undefined)
    throw systemError('EEXIST', 'rename', `something else has the name; ${whereItIs(kept)}`, path)
  addFinding(failure, whereItIs(kept))
}

/**
 * Returns where it is: it keeps its private name if that cannot be changed. Returns undefined if nothing is there: it has
 * its name back.
 */
function* keep({ path, at }: Renamed): Steps<Path | undefined> {
  const kept = yield* keptName(path)
  try {
    yield* fs.rename(at, kept)
    return kept
  } catch (error) {
    if (!isSystemError(error)) throw error
    if (yield* isThere(kept)) return kept
    return hasCode(error, 'ENOENT') ? undefined : at
  }
}
