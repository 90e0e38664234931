import { dual } from './core/dual.js'
import { asPath, type Patience } from './core/input.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { achieve, noEvidence } from './parts/achieve.js'

/**
 * Says whether a path leads to anything.
 *
 * Holds afterwards: at an instant during the call something was there, or nothing was, as the result says. If that cannot be
 * seen (EACCES, EIO ...), the error comes out, and is not taken for an absence.
 *
 * Not promised: that it is still so. Do not ask before an act what the act itself finds out: `createExclusive`, `getOrCreate`
 * and `mkdirp` decide in one step.
 *
 * @param path A path, or a `file:` URL. Links are followed: false, too, for a link that leads nowhere.
 * @returns True if something is there.
 * @throws Errors of the system, unchanged, but for ENOENT and ENOTDIR: EACCES, ELOOP, ENAMETOOLONG ...
 *
 * @example
 * if (await exists('maintenance')) response.writeHead(503).end()
 */
export const exists = dual(function exists(path: string | URL, { retryFor }: Patience = {}): Steps<boolean> {
  const at = asPath(path, 'path')
  return achieve(() => isThere(at), noEvidence, { as: 'exists', path: at, retryFor })
})

function* isThere(path: string): Steps<boolean> {
  return (yield* fs.stat(path, orNothing)) !== undefined
}
