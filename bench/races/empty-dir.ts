// Two processes empty a directory, while a third writes in it, and a fourth checks that the directory itself exists.

import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import fsExtra from 'fs-extra'
import { emptyDir } from 'holdfast'
import { contest } from './contest.js'
import { layTree } from './trees.js'
import { writeIn } from './writing.js'

export type Way = (dir: string) => Promise<unknown>

export const ways: Record<string, Way> = {
  holdfast: dir => emptyDir(dir),
  // "Ensures that a directory is empty. ... The directory itself is not deleted."
  'fs-extra': dir => fsExtra.emptyDir(dir),
  'by hand': async dir => {
    await rm(dir, { recursive: true, force: true })
    await mkdir(dir)
  },
}

const emptiers = 2

export const emptyDirBesideWriters = contest({
  name: 'emptyDir, beside a writer',
  file: import.meta.url,
  ways,
  verdicts: { rejected: { of: 'calls' }, 'torn or absent': { of: 'looks' } },
  cast: { emptier: emptiers, writer: 1, reader: 1 },
  rounds: 32,
  plays: {
    emptier: async (way, turn) => {
      await turn.score.call(() => way(turn.path('tree')))
    },
    writer: (_, turn) => writeIn(turn.path('tree'), turn, 'emptier-over', emptiers),
    reader: async (_, turn) => {
      for await (const _ of turn.until('emptier-over', emptiers))
        turn.score.count('torn or absent', !existsSync(turn.path('tree')))
    },
  },
  lay: dir => layTree(join(dir, 'tree'), 40, 64),
})
