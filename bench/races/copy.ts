// Three processes copy one tree to one fresh target, while another reads the files that are already there.

import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import fsExtra from 'fs-extra'
import { copy } from 'holdfast'
import { contest } from './contest.js'
import { layTree, lookAtTree } from './trees.js'

export type Way = (source: string, target: string) => Promise<unknown>

/** Checks for the directory, and copies each file straight to its name, where readers see it grow. */
async function copyInPlace(source: string, target: string): Promise<void> {
  if (!existsSync(target)) await mkdir(target)
  const entries = await readdir(source, { withFileTypes: true })
  await Promise.all(
    entries.map(entry => {
      const copyIt = entry.isDirectory() ? copyInPlace : copyFile
      return copyIt(join(source, entry.name), join(target, entry.name))
    }),
  )
}

export const ways: Record<string, Way> = {
  holdfast: (source, target) => copy(source, target),
  // "Asynchronously copies the entire directory structure from src to dest"
  'fs.promises': (source, target) => cp(source, target, { recursive: true }),
  // "Copy a file or directory."
  'fs-extra': (source, target) => fsExtra.copy(source, target),
  'by hand': copyInPlace,
}

const copiers = 3
const files = 60
const bytes = 64 * 1024

export const copyToOneTarget = contest({
  name: 'copy, to one fresh target',
  file: import.meta.url,
  ways,
  verdicts: {
    rejected: { of: 'calls' },
    // Neither documents when a file is whole.
    'torn or absent': { of: 'reads', unpromised: ['fs.promises', 'fs-extra'] },
  },
  cast: { copier: copiers, reader: 1 },
  rounds: 20,
  plays: {
    copier: async (way, turn) => {
      await turn.score.call(() => way(turn.path('source'), turn.path('target')))
    },
    reader: async (_, turn) => {
      for await (const _ of turn.until('copier-over', copiers)) {
        for (const seen of lookAtTree(turn.path('target'), files))
          if (seen !== 'absent') turn.score.count('torn or absent', seen === 'torn')
      }
    },
  },
  lay: dir => layTree(join(dir, 'source'), files, bytes),
})
