// A process that writes in a tree while others remove it.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Turn } from './turn.js'

/** Makes new files and directories in the tree of `layTree`, until the others have finished. */
export async function writeIn(tree: string, turn: Turn, others: string, processes: number): Promise<void> {
  let at = 0
  for await (const _ of turn.until(others, processes)) {
    at++
    const parent = join(tree, `${at % 6}`, `${at % 2}`)
    unlessGone(
      () => (at % 3 ? writeFileSync(join(parent, `new-${at}`), '') : mkdirSync(join(parent, `new-${at}`))),
      parent,
    )
  }
}

function unlessGone(work: () => void, parent: string): void {
  try {
    work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || existsSync(parent)) throw error
  }
}
