// A store as file stores usually are: a file for each key, written in place.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const plainStore = (dir: string) => ({
  async get(key: string): Promise<{ readonly value: Buffer } | undefined> {
    try {
      return { value: await readFile(join(dir, key)) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },
  write: (key: string, value: Uint8Array): Promise<void> => writeFile(join(dir, key), value),
})
