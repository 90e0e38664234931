// The errors of what `within` does not do. They are no errors of the system, so nothing waits for them to pass.

import type { Path } from '../core/steps.js'

/** `path` is the caller's, or the link that leads out. */
export const outsideRoot = (path: Path, why: string): Error =>
  Object.assign(new Error(`The path leads out of the root (${why}): '${path}'`), {
    code: 'ERR_OUTSIDE_ROOT',
    path: String(path),
  })

export const takenForDots = (path: Path): Error => outsideRoot(path, 'some filesystems take its name for ..')

export type LimitName = 'maxBytes' | 'maxEntries' | 'maxDepth'

export const overLimit = (limit: LimitName, most: number, path: Path): Error =>
  Object.assign(new RangeError(`${unitOf[limit]} than ${limit} allows (${most}): '${path}'`), {
    code: 'ERR_LIMIT',
    limit,
    path: String(path),
  })

const unitOf: Readonly<Record<LimitName, string>> = {
  maxBytes: 'More bytes',
  maxEntries: 'More things',
  maxDepth: 'Deeper',
}

export const closedRoot = (path: Path): Error =>
  Object.assign(new Error(`The root was closed: '${path}'`), { code: 'ERR_ROOT_CLOSED', path: String(path) })
