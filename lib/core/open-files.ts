// How many files this process can still open. Only Linux shows it, in /proc.

/** How to read /proc. Each returns undefined for what cannot be read. */
interface Records {
  text(path: string): string | undefined
  names(dir: string): readonly string[] | undefined
}

/** Where a process may open more files than this, they need not be counted. */
const plenty = 4096

/** Returns a function that returns the number, `Infinity` if it is unknown or large. */
export function countFree({ text, names }: Records): () => number {
  let most: number | undefined
  return () => {
    most ??= Number(/^Max open files +(\d+)/m.exec(text('/proc/self/limits') ?? '')?.[1] ?? Number.POSITIVE_INFINITY)
    const open = most > plenty ? undefined : names('/proc/self/fd')?.length
    return open === undefined ? Number.POSITIVE_INFINITY : Math.max(0, most - open)
  }
}
