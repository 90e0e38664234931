// Maps in which a path has an entry. They are bounded, and follow renames.

/** A map is emptied when it holds this many. */
const maxPaths = 1000

export function keep<T>(entries: Map<string, T>, path: string, entry: T): void {
  if (entries.size >= maxPaths) entries.clear()
  entries.set(path, entry)
}

/** After a rename, `to` is what `from` was. */
export function rename<T>(entries: Map<string, T>, from: string, to: string): void {
  const known = entries.get(from)
  if (known) keep(entries, to, known)
  else entries.delete(to)
  entries.delete(from)
}

/** Returns the directory of a name, at a fraction of the time that `dirname` takes. */
export function parentOf(path: string): string {
  const at = path.lastIndexOf('/')
  if (at > 0) return path.slice(0, at)
  return at === 0 ? '/' : '.'
}
