// Three processes make the same symbolic link. Each call that succeeds is checked: is the link there?

import { writeFileSync } from 'node:fs'
import { readlink, rm, symlink as symlinkByNode } from 'node:fs/promises'
import { join } from 'node:path'
import fsExtra from 'fs-extra'
import { symlink } from 'holdfast'
import { contest } from './contest.js'

export type Way = (target: string, path: string) => Promise<unknown>

export const ways: Record<string, Way> = {
  holdfast: (target, path) => symlink(target, path),
  'fs.promises': (target, path) => symlinkByNode(target, path),
  // "Ensures that the symlink exists."
  'fs-extra': (target, path) => fsExtra.ensureSymlink(target, path),
  'by hand': async (target, path) => {
    await rm(path, { force: true })
    await symlinkByNode(target, path)
  },
}

export const symlinkBySeveral = contest({
  name: 'symlink, by several',
  file: import.meta.url,
  ways,
  verdicts: {
    // symlink(2) itself says "If linkpath exists, it will not be overwritten", and no more.
    rejected: { of: 'calls', unpromised: ['fs.promises'] },
    'torn or absent': { of: 'looks' },
  },
  cast: { linker: 3 },
  rounds: 200,
  plays: {
    linker: async (way, turn) => {
      const [target, path] = [turn.path('target'), turn.path('link')]
      const { status } = await turn.score.call(() => way(target, path))
      if (status === 'fulfilled')
        turn.score.count('torn or absent', (await readlink(path).catch(() => undefined)) !== target)
    },
  },
  lay: dir => writeFileSync(join(dir, 'target'), ''),
})
