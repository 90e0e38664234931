// What a peer refuses before it copies or moves anything. It looks, and another process may change what it has seen: what
// must hold is held by the function behind the face, which looks for itself.

import { dirname, resolve, sep } from 'node:path'
import { hasCode, isSystemError, systemError } from '../../core/errors.js'
import { asPath } from '../../core/input.js'
import type { Stats } from '../../core/stats.js'
import { fs, type Outcome, orNothing, type Path, type Steps, together, unwrap } from '../../core/steps.js'
import { sameInode } from '../../parts/identity.js'
import { spelt } from './spelt.js'
import type { Word } from './verdicts.js'

/** A source and a target, as the caller spells them. */
export interface Both {
  readonly source: string
  readonly target: string
}

export interface Looks {
  readonly was: Stats
  readonly there: Stats | undefined
  /** They are one inode. */
  readonly isSame: boolean
}

/** Refuses what is its own target, unless `isSpelling` says that the target is another spelling of the name. */
export function* lookAtBoth(
  { source, target }: Both,
  dereference: boolean,
  word: Word,
  isSpelling = (_: Both) => false,
): Steps<Looks> {
  const [from, to] = [asPath(source, 'src'), asPath(target, 'dest')]
  const looks = yield* together<Stats | undefined>(
    dereference ? [fs.stat(from), fs.stat(to, orNothing)] : [fs.lstat(from), fs.lstat(to, orNothing)],
  )
  const was = seen(looks[0] as Outcome<Stats>, from, source)
  const there = seen(looks[1] as Outcome<Stats | undefined>, to, target)
  const isSame = sameInode(was, there)
  if (isSame && !isSpelling({ source, target })) throw word('same', source, target)
  if (!isSame && there && was.isDirectory() !== there.isDirectory())
    throw word(was.isDirectory() ? 'directory over other' : 'other over directory', source, target)
  return { was, there, isSame }
}

function seen<T>(look: Outcome<T>, at: string, given: string): T {
  try {
    return unwrap(look)
  } catch (error) {
    throw spelt(error, at, given)
  }
}

/** Where the text of a link leads, as the peer understands it. */
export type Leads = (text: string, link: string) => string

/** Where the two names of `Both` are found. */
export interface At {
  readonly from: Path
  readonly to: Path
}

/** Refuses a link in the place of anything but a link, and of one that leads below or above where the source leads. */
export function* refuseNestedLinks({ source, target }: Both, { from, to }: At, leads: Leads, word: Word): Steps<void> {
  const one = leads((yield* fs.readlink(from)).toString(), source)
  const other = leads((yield* textOrNone(to, one, target)).toString(), target)
  if (one === other) return
  if (isBelow(other, one)) throw word('link into itself', one, other, { at: target })
  if (isBelow(one, other)) throw word('link over its own', one, other, { at: target })
}

function* textOrNone(link: Path, text: string, target: string): Steps<Buffer> {
  try {
    return yield* fs.readlink(link)
  } catch (error) {
    if (!hasCode(error, 'EINVAL', 'UNKNOWN')) throw error
    throw systemError('EEXIST', 'symlink', 'a link takes the place of a link only', text, target)
  }
}

const partsOf = (path: string): readonly string[] => resolve(path).split(sep).filter(Boolean)

/** By their text alone. */
export function isBelow(path: string, above: string): boolean {
  const parts = partsOf(path)
  return partsOf(above).every((part, at) => part === parts[at])
}

/** What the peers call a target that is in `dir`, maybe by a link: the name right below that. Undefined if it is not. */
export function* nameBelow(dir: Stats, { source, target }: Both): Steps<string | undefined> {
  if (isBelow(target, source)) return target
  for (let at = target; ; ) {
    const above = resolve(dirname(at))
    if (sameInode(dir, yield* lookFor(above, true))) return at
    if (above === dirname(above)) return undefined
    at = above
  }
}

/** What is there, if that can be seen. */
export function* lookFor(path: string | undefined, dereference: boolean): Steps<Stats | undefined> {
  if (path === undefined) return undefined
  try {
    return yield* dereference ? fs.stat(path, orNothing) : fs.lstat(path, orNothing)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return undefined
  }
}
