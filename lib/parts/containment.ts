// Is one path inside a directory? Real paths are compared, because a link on the way may lead anywhere.

import { basename, dirname, join, resolve, sep } from 'node:path'
import { hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { sameInode } from './identity.js'

/** Where `path` is, seen from `dir`. `path` need not exist, nor the directories above it. */
export function* containment(path: string, dir: string): Steps<'same' | 'within' | 'outside'> {
  const real = yield* realpathOf(path)
  const above = yield* fs.realpath(dir)
  if (real === above) return 'same'
  if (above.endsWith(sep)) return real.startsWith(above) ? 'within' : 'outside'
  const names = real.split(sep)
  const start = names.slice(0, above.split(sep).length).join(sep)
  if (start !== above && !(yield* isOtherSpelling(start, above))) return 'outside'
  return start === real ? 'same' : 'within'
}

/** Where case does not count, a real path keeps the spelling with which it was asked for. */
function* isOtherSpelling(path: string, dir: string): Steps<boolean> {
  if (plain(path) !== plain(dir)) return false
  const there = yield* fs.stat(path, orNothing)
  // Nothing has that spelling, so case counts.
  if (!there) return false
  if (sameInode(there, yield* fs.stat(dir, orNothing))) return true
  // Some filesystems number each spelling by itself. But they list one.
  const names = dir.split(sep)
  for (const [at, name] of path.split(sep).entries()) {
    if (name === names[at]) continue
    const listed = yield* fs.readdir(names.slice(0, at).join(sep) || sep)
    if (listed.filter(one => plain(one) === plain(name)).length !== 1) return false
  }
  return true
}

/** Without all that any filesystem ignores in a name. */
const plain = (path: string): string =>
  path
    .normalize('NFKD')
    .replace(/\p{DI}/gu, '')
    .toUpperCase()

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
