// What a directory lists: names, also those that are no text, and what kind of thing each is.

import type { Dirent } from './stats.js'
import type { Entry } from './steps.js'

/** How a directory is to be read for that. */
export const inBytes = { withFileTypes: true, encoding: 'buffer' } as const

/** Dirent is nowhere generic in its types, and Node fills in with a stat what the filesystem does not tell. */
export function entryOf(dirent: Dirent): Entry {
  const text = dirent.name.toString()
  const kind = dirent.isFile()
    ? 'file'
    : dirent.isDirectory()
      ? 'directory'
      : dirent.isSymbolicLink()
        ? 'link'
        : 'other'
  // What is no text comes back with a mark in the place of what could not be read, and would name nothing.
  return { name: text.includes('\uFFFD') ? dirent.name : text, kind }
}
