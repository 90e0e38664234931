import { dirname } from 'node:path'
import { dual } from './core/dual.js'
import { hasCode } from './core/errors.js'
import { asPath, refusal } from './core/input.js'
import { type Entry, fs, type Steps } from './core/steps.js'
import { mkdirp } from './mkdirp.js'
import { sideBySide } from './parts/concurrently.js'
import { type Coroner, defaultGraceMs, isDebris, ownerOf } from './parts/debris.js'
import type { Discard } from './parts/delete-tree.js'
import { within } from './parts/tree.js'
import { asDiscard, detach, dispose, type Outgoing, type RemoveOptions } from './remove.js'

/**
 * Empties a directory, and makes it if it is missing, with the missing ones above it.
 *
 * Holds afterwards: `dir` is a directory, the same as before if there was one, and what was in it when it was read is
 * gone: each thing at once, the whole of it, as `remove` does it.
 *
 * Not promised: that it is empty if others go on making things in it. Private names that a live process of this package is
 * just about to publish are left alone, so that no writer fails. What is not promised of `remove` is not promised here.
 *
 * @param dir A path, or a `file:` URL. A link to a directory is followed, for its own name; those inside are removed. The
 *   root of a filesystem is refused.
 * @returns Nothing.
 * @throws ENOTDIR: it is a file. EBUSY: something inside is a mount point, or holds one. What else the system said,
 *   unchanged.
 *
 * @example
 * await emptyDir('build')
 */
export const emptyDir = dual(function* emptyDir(dir: string | URL, options: RemoveOptions = {}): Steps<void> {
  const path = asPath(dir, 'dir')
  const how = asDiscard(options)
  const trial = { as: 'emptyDir', path, retryFor: options.retryFor }
  const entries = yield* listed(path, dir)
  if (!entries) {
    yield* mkdirp.steps(path, { retryFor: options.retryFor })
    return
  }
  const coroner = { dir: path, graceMs: defaultGraceMs }
  const outgoing: Outgoing[] = []
  const detached = function* (entry: Entry): Steps<void> {
    if (yield* isBeingPublished(entry, coroner)) return
    const met = yield* detach(within(path, entry), how, trial)
    if (typeof met !== 'boolean') outgoing.push(met)
  }
  // First all that was there is gone, and then directories are deleted, one after the other.
  const away = sideBySide(entries.map(entry => () => detached(entry)).reverse(), how.concurrency)
  yield* disposing(outgoing, how, away, trial)
})

/** Whatever comes in between, what was renamed is deleted or put back. */
function* disposing(
  outgoing: Outgoing[],
  how: Discard,
  away: Steps<void>,
  trial: Parameters<typeof dispose>[2],
): Steps<void> {
  let failure: { error: unknown } | undefined
  try {
    yield* away
  } catch (error) {
    failure = { error }
  }
  for (const one of outgoing) {
    try {
      yield* dispose(one, how, trial)
    } catch (error) {
      failure ??= { error }
    }
  }
  if (failure) throw failure.error
}

/** What is in it; undefined if it is missing. */
function* listed(path: string, given: unknown): Steps<Entry[] | undefined> {
  try {
    const real = yield* fs.realpath(path)
    if (dirname(real) === real) throw refusal('ERR_INVALID_ARG_VALUE', 'dir', 'a directory, and not a root', given)
    return yield* fs.list(path)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function* isBeingPublished({ name }: Entry, coroner: Coroner): Steps<boolean> {
  const owner = ownerOf(name)
  return owner !== undefined && !(yield* isDebris(name, owner, coroner))
}
