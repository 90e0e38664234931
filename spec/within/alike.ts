// Compares a call of a root's function with the same call outside of a root: what comes of each, and what it leaves.

import { sep } from 'node:path'
import type { Within } from 'holdfast'
import { told } from '../support/planted.js'

type Functions = Pick<
  Within,
  | 'mkdirp'
  | 'writeFile'
  | 'writeFiles'
  | 'createExclusive'
  | 'updateFile'
  | 'getOrCreate'
  | 'emplace'
  | 'copy'
  | 'move'
  | 'link'
> &
  Pick<Within, 'symlink' | 'remove' | 'emptyDir' | 'sweep' | 'probe' | 'cell' | 'lock' | 'withLock' | 'single'>

/** A call of a function; `at` spells a path. */
export type Work = (f: Functions, at: (name: string) => string) => unknown

/** All that is in a directory. */
export const withoutTimes = (dir: string): string =>
  (told(dir) ?? [])
    .join('\n')
    // The time of change, and the names of a lock's states.
    .replace(/(\d+:\d+) \d{12,}/g, '$1')
    .replace(/\b[tx]\.\w+\.[0-9a-f]{16}\.[\w.-]*/g, 'state')

export interface Ended {
  readonly value?: unknown
  readonly said?: readonly unknown[]
}

export async function ended(work: () => unknown, dir: string): Promise<Ended> {
  const relative = (text: string | undefined): string | undefined =>
    text
      ?.replaceAll(`${dir}${sep}`, '')
      // As Node shows what it received.
      .replaceAll(`${dir}${sep}`.replaceAll('\\', '\\\\'), '')
      .replaceAll(`'${dir}'`, "'.'")
      .replace(/process \d+/, 'process')
      .replace(/fence \d+/, 'fence')
  try {
    const value = await work()
    return { value: typeof value === 'string' ? relative(value) : value }
  } catch (error) {
    const { code, message, path, dest, published } = error as NodeJS.ErrnoException & {
      dest?: string
      published?: boolean
    }
    return { said: [code, relative(message), relative(path), relative(dest), published] }
  }
}
