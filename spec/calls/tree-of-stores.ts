// What is in a store of files, as judges see it. What it keeps for itself is no part of that.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Limiter, limiter } from 'holdfast/store'
import { parseGeneration } from '../../lib/content/layout.js'

/** The directories of the stores that acts have. */
export const [contentDir, limitsDir] = ['content', 'limits'] as const

/** One hit, which stays counted. */
export const limitsAt = (dir: string): Limiter => limiter(join(dir, limitsDir), { limit: 1, per: 2 ** 39 })
export const limitedKey = 'key'

interface SeenStore {
  /** Blobs by the beginning of their digest, and how many hits are counted. */
  readonly tree: Record<string, string>
  readonly privates: readonly string[]
  readonly dirs: readonly string[]
}

export const isStore = (path: string): boolean => [contentDir, limitsDir].some(name => name === basename(path))

export function seeStore(top: string): SeenStore {
  const kind = basename(top)
  const tree: Record<string, string> = kind === limitsDir ? countIn(top) : {}
  const privates: string[] = []
  const dirs = [top]
  for (const dir of dirs)
    for (const name of namesIn(dir)) {
      const path = join(dir, name)
      if (name.startsWith('.')) {
        if (!/\.lock$/.test(name)) privates.push(path)
      } else if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) dirs.push(path)
      else if (name.endsWith('.json')) checkWhole(path, tree)
      else if (kind === contentDir) addBlob(path, tree)
    }
  return { tree, privates, dirs }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    // A caller that goes on removes directories.
    return []
  }
}

function countIn(top: string): Record<string, string> {
  try {
    const { count } = limitsAt(join(top, '..')).peek.sync(limitedKey, { cost: 0 })
    return count > 0 ? { [limitsDir]: `${count}` } : {}
  } catch (error) {
    return { [limitsDir]: `unreadable: ${error}` }
  }
}

function checkWhole(path: string, tree: Record<string, string>): void {
  try {
    JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    tree[basename(path)] = `${error}`
  }
}

/** All generations of a digest have the same bytes. */
function addBlob(path: string, tree: Record<string, string>): void {
  const generation = parseGeneration(basename(path))
  if (!generation) return
  const isBad = path.includes(`/${contentDir}/bad/`)
  const name = `${isBad ? 'bad' : 'blob'} ${generation.digest.slice(0, 15)}`
  const text = readFileSync(path, 'latin1')
  tree[name] = (tree[name] ?? text) === text ? text : 'other bytes in another generation'
}
