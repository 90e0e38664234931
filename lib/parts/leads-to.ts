// A link that takes the place of what it leads to destroys that, and is left as a link to itself.

import { dirname, isAbsolute } from 'node:path'
import { hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { sameInode } from './identity.js'
import { isSameName } from './spelling.js'

/** As many as Linux follows. */
const mostLinks = 40

/** Does the link at `from` lead to the name `to`, directly or by other links? `there` is what has that name. */
export function* leadsTo(from: Path, to: Path, there: Stats): Steps<boolean> {
  const text = yield* textOf(from)
  return text !== undefined && (yield* textLeadsTo(text, from, to, there))
}

/** The same for a link with this text at `from`, whether it is there or not. */
export function* textLeadsTo(text: Buffer, from: Path, to: Path, there: Stats): Steps<boolean> {
  let at = targetOf(from, text)
  for (let links = 0; links < mostLinks; links++) {
    if (sameInode(yield* fs.lstat(at, orNothing), there) && (yield* spellOneName(at, to))) return true
    const next = yield* textOf(at)
    if (next === undefined) return false
    at = targetOf(at, next)
  }
  return false
}

/** Another hard link to the same file may be replaced: the file keeps its name. Bytes are taken for one name. */
const spellOneName = (one: Path, other: Path): Steps<boolean> =>
  typeof one === 'string' && typeof other === 'string' ? isSameName(one, other) : sureOf(true)

// biome-ignore lint/correctness/useYield: there is nothing to call
function* sureOf<T>(value: T): Steps<T> {
  return value
}

/** Undefined if no link is there. */
function* textOf(at: Path): Steps<Buffer | undefined> {
  try {
    return yield* fs.readlink(at)
  } catch (error) {
    // Windows reports UNKNOWN of what is no link.
    if (hasCode(error, 'EINVAL', 'ENOENT', 'ENOTDIR', 'UNKNOWN')) return undefined
    throw error
  }
}

/** Not normalised, because behind a link only the system knows where `..` leads. */
function targetOf(at: Path, bytes: Buffer): Path {
  const text = bytes.toString()
  const isText = Buffer.from(text).equals(bytes)
  if (typeof at === 'string' && isText) return isAbsolute(text) ? text : `${dirname(at)}/${text}`
  if (bytes[0] === 0x2f) return bytes
  const whole = Buffer.from(at as string)
  return Buffer.concat([whole.subarray(0, whole.lastIndexOf('/') + 1), bytes])
}
