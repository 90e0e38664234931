// The entries of a directory: their names, including those that are not text, and what each of them is.

import type { Entry } from './names.js'
import type { Dirent } from './stats.js'

const asBytes = { withFileTypes: true, encoding: 'buffer' } as const

/**
 * Options for `readdir`. Bun does not say what entries are whose names it returns as bytes, so there names are text, and
 * one that is not UTF-8 is the name of nothing.
 */
export const inBytes = process.versions.bun ? ({ withFileTypes: true } as unknown as typeof asBytes) : asBytes

/** Where the filesystem does not say what an entry is, Node has already asked with lstat. */
export function entryOf(dirent: Dirent): Entry {
  const text = dirent.name.toString()
  const kind = dirent.isFile()
    ? 'file'
    : dirent.isDirectory()
      ? 'directory'
      : dirent.isSymbolicLink()
        ? 'link'
        : 'other'
  // Bytes that are not UTF-8 decode to U+FFFD, and a name with that in their place would be the name of nothing.
  return { name: text.includes('\uFFFD') ? dirent.name : text, kind }
}

/** The text of a link in bytes. Deno returns it as text, whatever it was asked for. */
export const linkBytes = (text: Buffer | string): Buffer => (typeof text === 'string' ? Buffer.from(text) : text)
