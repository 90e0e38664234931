// The same four operations, twice: with holdfast, and with the calls of node:fs as people usually write them.
// Everything that the mirror does to its target is here, so what you read side by side is the whole difference.

import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { createExclusive, emplace, link, mkdirp } from 'holdfast'

export interface Way {
  /** Makes a directory, and the missing ones above it. */
  directory(path: string): Promise<unknown>
  /** Gives a file of the source a second name, or copies the file if it cannot be linked. */
  link(from: string, path: string): Promise<unknown>
  /** Makes a file with this content, unless it exists. Returns whether this call made it. */
  create(path: string, content: Buffer): Promise<boolean>
  /** Replaces a file that other processes read meanwhile. */
  publish(path: string, text: string): Promise<unknown>
}

let published = 0

export const holdfast: Way = {
  directory: path => mkdirp(path),
  link: (from, path) => link(from, path, { parents: true, fallback: 'copy' }),
  create: (path, content) => createExclusive(path, content, { parents: true, durability: 'none' }),
  async publish(path, text) {
    const own = `${path}.${process.pid}.${++published}`
    await fs.writeFile(own, text)
    await emplace(own, path, { durability: 'none' })
  },
}

export const plain: Way = {
  directory: path => fs.mkdir(path, { recursive: true }),
  async link(from, path) {
    await fs.mkdir(dirname(path), { recursive: true })
    try {
      await fs.link(from, path)
    } catch (error) {
      if (hasCode(error, 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS')) await copy(from, path)
      else if (!hasCode(error, 'EEXIST')) throw error
    }
  },
  async create(path, content) {
    await fs.mkdir(dirname(path), { recursive: true })
    try {
      await fs.writeFile(path, content, { flag: 'wx' })
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false
      throw error
    }
  },
  publish: (path, text) => fs.writeFile(path, text),
}

export const ways = { plain, holdfast }

/**
 * Never opens an existing name: it may meanwhile be a link to the source's file, and writing would damage the source.
 */
async function copy(from: string, path: string): Promise<void> {
  try {
    const isLink = (await fs.lstat(from)).isSymbolicLink()
    if (isLink) await fs.symlink(await fs.readlink(from, { encoding: 'buffer' }), path)
    else await fs.copyFile(from, path, fs.constants.COPYFILE_EXCL)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
