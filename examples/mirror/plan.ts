// What is to be mirrored: the source is walked once, and everybody works by the same list.

import { type BigIntStats, constants } from 'node:fs'
import { access, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** A link is a second name for the source's file; a file of its own is made from the source's content. */
export type Kind = 'directory' | 'link' | 'own file'

export interface Entry {
  /** Below the source, and below the target. The source itself is ''. */
  readonly path: string
  readonly kind: Kind
  /** Tells whether the source's file is still what it was. */
  readonly stamp: string
}

export interface Plan {
  readonly source: string
  readonly entries: readonly Entry[]
  /** What is left out: why, and how often. */
  readonly skipped: ReadonlyMap<string, number>
}

const mostEntries = 50_000
const largestOwnFileBytes = 64 * 1024

/** Undefined when the source holds more than anybody wants to see mirrored 32 times. */
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
    // Names are bytes, and not all bytes are text: what does not survive the way there and back cannot be asked for.
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
          skip('symbolic links (not every system links those)')
        else if (!there?.isFile() && !there?.isSymbolicLink())
          skip('things that are no file, directory or symbolic link')
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
