// The way from the root to a directory below it, name by name. Each directory is opened in the one above. A link is
// followed by its text, within the root, and never by the system. `..` in such a text begins the way anew without the
// name before it: `..` of an open directory would lead elsewhere if that was moved meanwhile.

import { isUtf8 } from 'node:buffer'
import { isAbsolute } from 'node:path'
import { hasCode, isSystemError, systemError } from '../core/errors.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { close, nameAsShown, type OpenDirectory, openDirectory, pathIn } from '../parts/directory-handle.js'
import { linkText } from '../parts/follow-links.js'
import { isTakenForDots, joined, namesBelow, namesIn } from './paths.js'
import type { Reached } from './reached.js'
import { outsideRoot, takenForDots } from './refusals.js'
import { type Root, refuseMounted } from './root.js'

/** As many as Linux follows. */
export const mostLinks = 40
/** How often a name may be another thing at each look. Only a process that does nothing but swap it gets so far. */
const mostLooks = 1000

interface Walk {
  readonly root: Root
  at: OpenDirectory
  names: string[]
  way: OpenDirectory[]
  todo: string[]
  links: number
  /** The directory in which it began: it is not closed. */
  readonly start: OpenDirectory
  /** The link that was followed last: if the way leads out, this one led it there. */
  link: string | undefined
}

/**
 * Opens the directory that the names lead to. The caller lets it go, unless it is the root's own. `link` is where the names
 * come from, if that is the text of a link. Without links, `above` is on the way.
 */
export function* reach(
  root: Root,
  names: readonly string[],
  link: string | undefined,
  { dir: start, names: above, way }: Omit<Reached, 'users'> = { dir: root.dir, names: [], way: [root.dir] },
): Steps<Reached> {
  const todo = names.slice(above.length)
  const walk: Walk = { root, start, at: start, names: [...above], way: [...way], todo, links: 0, link }
  try {
    for (let name = walk.todo.shift(); name !== undefined; name = walk.todo.shift())
      if (name === '..') yield* goUp(walk)
      else yield* goDown(walk, name)
    return { dir: walk.at, names: walk.names, way: walk.way, users: 1 }
  } catch (error) {
    yield* leavingMount(walk, error)
    throw error
  }
}

/** What is mounted is refused at the end of the way. An error on the way must not say what there is. */
function* leavingMount(walk: Walk, error: unknown): Steps<void> {
  const { root, at, names } = walk
  try {
    if (isSystemError(error) && at !== root.dir) yield* refuseMounted(root, at, joined(root.path, names))
  } finally {
    yield* leave(walk)
  }
}

function* leave({ at, root, start }: Walk): Steps<void> {
  if (at !== root.dir && at !== start) yield* close(at)
}

function* restart(walk: Walk, todo: string[]): Steps<void> {
  yield* leave(walk)
  Object.assign(walk, { at: walk.root.dir, names: [], way: [walk.root.dir], todo })
}

function* goUp(walk: Walk): Steps<void> {
  const { names, todo, link = '..' } = walk
  if (names.length === 0)
    throw outsideRoot(link, 'it is a link, with more .. than there are directories below the root')
  yield* restart(walk, [...names.slice(0, -1), ...todo])
}

function* goDown(walk: Walk, name: string): Steps<void> {
  const { root, at, names, todo } = walk
  const shown = joined(root.path, [...names, name])
  if (isTakenForDots(name)) throw takenForDots(shown)
  const next = yield* enter(at, name, shown)
  if (!Buffer.isBuffer(next)) {
    yield* leave(walk)
    walk.at = next
    names.push(name)
    if (next.fd === undefined) walk.way.push(next)
    return
  }
  if (++walk.links > mostLinks) throw systemError('ELOOP', 'open', `more than ${mostLinks} links`, shown)
  walk.link = shown
  const to = leadsWithin(root, shown, next)
  if (to.isFromRoot) yield* restart(walk, [...to.names, ...todo])
  else todo.unshift(...to.names)
}

/** Where the text of a link leads. An absolute one must begin with the root's own path. */
export function leadsWithin(root: Root, link: string, text: Buffer): { names: string[]; isFromRoot: boolean } {
  if (!isUtf8(text)) throw systemError('EILSEQ', 'readlink', 'the text of the link is not UTF-8', link)
  const to = text.toString()
  if (!isAbsolute(to)) return { names: namesIn(to), isFromRoot: false }
  const names = namesBelow(root.path, to)
  if (!names) throw outsideRoot(link, `it is a link to '${to}'`)
  return { names, isFromRoot: true }
}

/** Opens a directory in the one above; of a link, returns the text. */
function* enter(above: OpenDirectory, name: string, shown: string): Steps<OpenDirectory | Buffer> {
  try {
    return yield* openOrRead(pathIn(above, { name, kind: 'directory' }), above, shown)
  } catch (error) {
    throw nameAsShown(error, above)
  }
}

function* openOrRead(path: Path, above: OpenDirectory, shown: string): Steps<OpenDirectory | Buffer> {
  for (let looks = 1; ; looks++) {
    try {
      return yield* openDirectory(path, shown, above)
    } catch (error) {
      if (!hasCode(error, 'ENOTDIR', 'ELOOP') || looks > mostLooks) throw error
      const text = yield* linkText(path)
      if (text) return text
      const there = yield* fs.lstat(path, orNothing)
      if (there && !there.isDirectory() && !there.isSymbolicLink()) throw error
    }
  }
}
