// Maps in which a path has an entry. They are bounded, and follow renames.

import { RecentMap } from './recent-map.js'

/** How many paths a map keeps at least, where nothing else is said. */
const usualPaths = 2000

export const pathMap = <T extends NonNullable<unknown>>(most = usualPaths): RecentMap<T> => new RecentMap(most)

/** After a rename, `to` is what `from` was. */
export function rename<T extends NonNullable<unknown>>(entries: RecentMap<T>, from: string, to: string): void {
  const known = entries.get(from)
  if (known) entries.set(to, known)
  else entries.delete(to)
  entries.delete(from)
}

/** The directory that was last found. */
let lastParent = '.'

/**
 * Returns the directory of a name, at a fraction of the time that `dirname` takes. Names of one directory usually follow each
 * other, so the same string is returned again: it is found in a map sooner than another one with the same text.
 */
export function parentOf(path: string): string {
  const at = path.lastIndexOf('/')
  if (at <= 0) return at === 0 ? '/' : '.'
  if (at !== lastParent.length || !path.startsWith(lastParent)) lastParent = path.slice(0, at)
  return lastParent
}

/** The directory that both names are in; undefined if they are in two, or are not text. */
export function sharedParent(one: unknown, other: unknown): string | undefined {
  if (typeof one !== 'string' || typeof other !== 'string') return undefined
  const dir = parentOf(one)
  return dir === parentOf(other) ? dir : undefined
}
