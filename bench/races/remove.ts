// Two processes remove a tree, while a third writes in it as long as it exists, and a fourth checks whether part of it
// is gone.

import { existsSync, readdirSync } from 'node:fs'
import { lstat, readdir, rm, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import fsExtra from 'fs-extra'
import { remove } from 'holdfast'
import { rimraf } from 'rimraf'
import { contest } from './contest.js'
import { layTree, lookAtTree } from './trees.js'
import { writeIn } from './writing.js'

export type Way = (path: string) => Promise<unknown>

/** Removes what is in the directory, and then the directory itself. */
async function removeInPlace(path: string): Promise<void> {
  if (!existsSync(path)) return
  if (!(await lstat(path)).isDirectory()) return unlink(path)
  for (const name of await readdir(path)) await removeInPlace(join(path, name))
  await rmdir(path)
}

export const ways: Record<string, Way> = {
  holdfast: path => remove(path),
  // "Removes files and directories (modeled on the standard POSIX rm utility)."
  'fs.promises': path => rm(path, { recursive: true, force: true }),
  // "Removes a file or directory. The directory can have contents."
  'fs-extra': path => fsExtra.remove(path),
  // "recursively removing all items that it can find under a given target"
  rimraf: path => rimraf(path),
  'by hand': removeInPlace,
}

const removers = 2
const files = 40

export const removeBesideWriters = contest({
  name: 'remove, beside a writer',
  file: import.meta.url,
  ways,
  verdicts: {
    rejected: { of: 'calls' },
    // None of them claims that all of it goes at once.
    'torn or absent': { of: 'looks', unpromised: ['fs.promises', 'fs-extra', 'rimraf'] },
    debris: { of: 'rounds' },
  },
  cast: { remover: removers, writer: 1, reader: 1 },
  rounds: 32,
  plays: {
    remover: async (way, turn) => {
      await turn.score.call(() => way(turn.path('tree')))
    },
    writer: (_, turn) => writeIn(turn.path('tree'), turn, 'remover-over', removers),
    reader: async (_, turn) => {
      const tree = turn.path('tree')
      for await (const _ of turn.until('remover-over', removers)) {
        const isHalf = [...lookAtTree(tree, files)].includes('absent')
        // The tree is never made again, so it existed when a part of it was missing.
        turn.score.count('torn or absent', isHalf && existsSync(tree))
      }
    },
  },
  lay: dir => layTree(join(dir, 'tree'), files, 64),
  // Anything that is left although every remover was asked to remove it.
  judge: dir => ({ debris: { bad: readdirSync(dir).length > 0 ? 1 : 0, of: 1 } }),
})
