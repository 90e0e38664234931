// Where a run takes place: a scratch directory on a filesystem, which is removed afterwards, however the run ends.

import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { remove } from 'holdfast'

/** The temporary directory, and one in memory where there is one. */
export const everyPlace: readonly string[] = [
  ...new Set([tmpdir(), ...(process.platform === 'linux' ? ['/dev/shm'] : [])]),
]

/** Runs `work` in a new directory below `root`, which is removed when it ends. */
export async function inScratch<T>(root: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(resolve(root), 'holdfast-bench-'))
  // For a run that ends the process at once. One that returns has removed the directory already.
  const tidy = () => remove.sync(dir)
  process.once('exit', tidy)
  try {
    return await work(dir)
  } finally {
    await remove(dir)
    process.off('exit', tidy)
  }
}

/** The kind of filesystem that a directory is on, as the system names it. */
export function filesystemOf(dir: string): string {
  try {
    // The mount with the longest path above `dir` counts, and of two mounts at one path the later one.
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map(line => line.split(' '))
      .filter(([, at = '']) => `${resolve(dir)}/`.startsWith(at.endsWith('/') ? at : `${at}/`))
    return mounts.reduce((best, one) => ((one[1] ?? '').length >= (best[1] ?? '').length ? one : best))[2] ?? 'unknown'
  } catch {
    return process.platform // Without /proc only the platform is known.
  }
}
