// Trees that forbid their owner to change them, as an ordinary user deletes them: root needs no such thing.

import { chmodSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Makes all directories in a tree writable. Those that are gone, or too deep for a path, are left. */
export function unlock(dir: string): void {
  try {
    chmodSync(dir, 0o700)
    for (const entry of readdirSync(dir, { withFileTypes: true }))
      if (entry.isDirectory()) unlock(join(dir, entry.name))
  } catch (error) {
    if (!['ENOENT', 'ENAMETOOLONG', 'EPERM'].includes((error as NodeJS.ErrnoException).code as string)) throw error
  }
}

/** Removes a tree, whatever a spec that failed has left in it. */
export function removeAll(top: string): void {
  try {
    rmSync(top, { recursive: true, force: true })
  } catch {
    unlock(top)
    rmSync(top, { recursive: true, force: true })
  }
}
