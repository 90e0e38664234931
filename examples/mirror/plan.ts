// What is mirrored: the source is walked once, and every process works by the same list.

import { type BigIntStats, constants } from 'node:fs'
import { access, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** `link`: a second name for the source's file. `own file`: a new file with the content of the source's. */
export type Kind = 'directory' | 'link' | 'own file'

export interface Entry {
  /** The path below the source, and below the target. The source itself is ''. */
  readonly path: string
  readonly kind: Kind
  /** Shows whether the source's file is still what it was. */
  readonly stamp: string
}

export interface Plan {
  readonly source: string
  readonly entries: readonly Entry[]
  /** Why things are left out, and how many. */
  readonly skipped: ReadonlyMap<string, number>
}

const mostEntries = 50_000
const largestOwnFileBytes = 64 * 1024

/** Returns undefined if the source has more entries than a demonstration, which mirrors each 32 times, should take. */
export async function planOf(source: string, stop: AbortSignal): Promise<Plan | undefined> {
  const entries: Entry[] = []
  const skipped = new Map<string, number>()
  const skip = (why: string) => skipped.set(why, (skipped.get(why) ?? 0) + 1)
  const directories = ['']
  let files = 0
  // The list grows while it is walked.
  for (const directory of directories) {
    stop.throwIfAborted()
    if (directories.length + entries.length > mostEntries) return undefined
    // Names are bytes, and not all bytes are text: a name that does not survive the conversion cannot be opened.
    const found = await quietly(readdir(join(source, directory), { withFileTypes: true, encoding: 'buffer' }))
    if (!found) {
      skip('directories that cannot be read')
      continue
    }
    entries.push({ path: directory, kind: 'directory', stamp: '' })
    for (const { name } of found) {
      const path = join(directory, name.toString())
      if (!Buffer.from(name.toString()).equals(name)) skip('names that are not UTF-8')
      else {
        const there = await quietly(lstat(join(source, path), { bigint: true }))
        if (there?.isDirectory()) directories.push(path)
        else if (there?.isSymbolicLink() && process.platform !== 'linux')
          skip('symbolic links (not every system can hard-link those)')
        else if (!there?.isFile() && !there?.isSymbolicLink())
          skip('things that are neither files, directories nor symbolic links')
        else if (there.isFile() && !(await canRead(join(source, path)))) skip('files that cannot be read')
        else {
          const own = there.isFile() && ++files % 4 === 0 && there.size <= largestOwnFileBytes
          entries.push({ path, kind: own ? 'own file' : 'link', stamp: stampOf(there) })
        }
      }
    }
  }
  return { source, entries, skipped }
}

export const stampOf = ({ size, mtimeNs }: BigIntStats): string => `${size} ${mtimeNs}`

const quietly = <T>(work: Promise<T>): Promise<T | undefined> => work.catch(() => undefined)
const canRead = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
