// Where the lock of a path is: beside it, in one directory for the locks of all paths, or wherever the caller says.

import { createHash } from 'node:crypto'
import { basename, dirname, resolve } from 'node:path'
import { hasCode } from '../core/errors.js'
import { asName, asPath, type Patience, refusal } from '../core/input.js'
import { fs, type Steps } from '../core/steps.js'
import { cut } from '../parts/stage-names.js'

export interface PlaceOptions extends Patience {
  /**
   * The directory that is to be the lock, whatever the path is: it must not exist yet, or be one that a lock has made.
   * @default `<path>.lock`; where that name would be too long, a name beside the path that begins with it
   */
  readonly lockPath?: string | URL | undefined
  /**
   * A directory for the locks of all paths, each with a name of its own, for paths beside which nothing can be made. All
   * ways through links to directories come to one lock; callers on machines that see the path elsewhere do not.
   */
  readonly lockDir?: string | URL | undefined
}

/** Where a lock is, as far as that is known without a look at the disk. */
export interface LockPlace {
  /** The cell. */
  dir: string
  /** The directory of all locks, until it is known where the path leads. */
  lockDir: string | undefined
}

const suffix = '.lock'
/** What common filesystems leave of a name for the path's own. */
const longestNameBytes = 255 - suffix.length
/** No character is longer in UTF-8, compared with what JavaScript counts. */
const mostBytesPerUnit = 3

/** `at`: the absolute path that the lock is about. */
export function placeOf(at: string, { lockPath, lockDir }: PlaceOptions): LockPlace {
  if (lockPath === undefined && lockDir === undefined) return { dir: placeBeside(at), lockDir: undefined }
  if (lockPath === undefined) {
    const all = asPath(lockDir, 'options.lockDir')
    return { dir: placeIn(all, resolve(at)), lockDir: all }
  }
  if (lockDir !== undefined)
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.lockPath', 'left out if there is options.lockDir', lockPath)
  return { dir: asName(lockPath, 'options.lockPath'), lockDir: undefined }
}

/** Filesystems that encrypt names usually take 143 bytes; and what belongs to a lock has a longer name. */
const longestTailBytes = 100

function placeBeside(at: string): string {
  if (at.length * mostBytesPerUnit <= longestNameBytes) return at + suffix
  const name = basename(at)
  if (Buffer.byteLength(name) <= longestNameBytes) return at + suffix
  return `${dirname(at)}/${cut(name, longestTailBytes)}-${digestOf(name)}${suffix}`
}

/** The last name of the path is for readers: what a name may be here, another filesystem may not take. */
function placeIn(lockDir: string, path: string): string {
  const tail = cut(basename(path).replace(/[^\p{L}\p{N}._-]/gu, '_'), longestTailBytes)
  return `${lockDir}/${tail}-${digestOf(path)}${suffix}`
}

const digestLength = 32
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, digestLength)

/** Finds out where the path leads, as far as there is something: that decides where its lock is among those of all paths. */
export function* settlePlace(place: LockPlace & { readonly path: string }): Steps<void> {
  const { lockDir, path } = place
  if (lockDir === undefined) return
  place.dir = placeIn(lockDir, yield* whereItLeads(path))
  place.lockDir = undefined
}

/** Links at the end are not followed: that is for the function which takes the lock. */
function* whereItLeads(path: string): Steps<string> {
  let rest = basename(path)
  for (let above = dirname(path); ; above = dirname(above)) {
    try {
      return resolve(yield* fs.realpath(above), rest)
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTDIR') || dirname(above) === above) throw error
    }
    rest = `${basename(above)}/${rest}`
  }
}
