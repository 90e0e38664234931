// What a peer refuses before it copies or moves anything. It looks, and another process may change what it has seen: what
// must hold is held by the function behind the face, which looks for itself.

import { dirname, resolve, sep } from 'node:path'
import { hasCode, isSystemError, systemError } from '../../core/errors.js'
import { asPath } from '../../core/input.js'
import type { Stats } from '../../core/stats.js'
import { fs, type Outcome, orNothing, type Steps, together, unwrap } from '../../core/steps.js'
import { sameInode } from '../../parts/identity.js'
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
  const [was, there] = [unwrap(looks[0] as Outcome<Stats>), unwrap(looks[1] as Outcome<Stats | undefined>)]
  const isSame = sameInode(was, there)
  if (isSame && !isSpelling({ source, target })) throw word('same', source, target)
  if (!isSame && there && was.isDirectory() !== there.isDirectory())
    throw word(was.isDirectory() ? 'directory over other' : 'other over directory', source, target)
  return { was, there, isSame }
}

/** Where the text of a link leads, as the peer understands it. */
export type Leads = (text: string, link: string) => string

/** Refuses a link in the place of anything but a link, and of one that leads below or above where the source leads. */
export function* refuseNestedLinks({ source, target }: Both, leads: Leads, word: Word): Steps<void> {
  const from = leads((yield* fs.readlink(asPath(source, 'src'))).toString(), source)
  const to = leads((yield* textOrNone(from, target)).toString(), target)
  if (from === to) return
  if (isBelow(to, from)) throw word('link into itself', from, to, { at: target })
  if (isBelow(from, to)) throw word('link over its own', from, to, { at: target })
}

function* textOrNone(from: string, target: string): Steps<Buffer> {
  try {
    return yield* fs.readlink(asPath(target, 'dest'))
  } catch (error) {
    if (!hasCode(error, 'EINVAL', 'UNKNOWN')) throw error
    throw systemError('EEXIST', 'symlink', 'a link takes the place of a link only', from, target)
  }
}

const partsOf = (path: string): readonly string[] => resolve(path).split(sep).filter(Boolean)

/** By their text alone. */
export function isBelow(path: string, above: string): boolean {
  const parts = partsOf(path)
  return partsOf(above).every((part, at) => part === parts[at])
}

/** What the peers call a target to which a link leads into `dir`: the name right below that. */
export function* nameBelow(dir: Stats, { source, target }: Both): Steps<string> {
  if (isBelow(target, source)) return target
  for (let at = target; ; ) {
    const above = resolve(dirname(at))
    if (sameInode(dir, yield* lookFor(above, true))) return at
    if (above === dirname(above)) return target
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
