// What only Linux shows of open files, in /proc: how many more this process can open, where one is mounted, and how far it
// was written.

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

/** The number of a mount, in what /proc says of a descriptor. Two mounts of one device have two numbers. */
export function mountIdIn(fdinfo: string | undefined): number | undefined {
  const id = /^mnt_id:\s*(\d+)/m.exec(fdinfo ?? '')?.[1]
  return id === undefined ? undefined : Number(id)
}

/** Where the last write has ended, in the same text. */
export function positionIn(fdinfo: string | undefined): number | undefined {
  const position = /^pos:\s*(\d+)/m.exec(fdinfo ?? '')?.[1]
  return position === undefined ? undefined : Number(position)
}
