// The few lines that a store of one's own begins with: a file for each key, written aside and renamed. Its values are
// never torn, so what goes wrong with a cache over it is the cache's own.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Shared, Way } from './shared.js'

let serial = 0

export async function filesIn(dir: string): Promise<Shared> {
  const files = join(dir, 'by-hand')
  await mkdir(files, { recursive: true })
  const fileOf = (key: string) => join(files, `${encodeURIComponent(key)}.json`)
  return {
    get: key =>
      readFile(fileOf(key), 'utf8').then(JSON.parse, error => {
        if (error.code !== 'ENOENT') throw error
      }),
    async set(key, value) {
      const aside = join(files, `.${process.pid}.${++serial}`)
      await writeFile(aside, JSON.stringify(value))
      await rename(aside, fileOf(key))
    },
    remove: key => rm(fileOf(key), { force: true }),
  }
}

export const byHand: Way = async dir => {
  const store = await filesIn(dir)
  return {
    ...store,
    async getOrSet(key, compute) {
      const old = await store.get(key)
      if (old !== undefined) return old
      const value = await compute()
      await store.set(key, value)
      return value
    },
  }
}
