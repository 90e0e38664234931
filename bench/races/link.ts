// Three processes give one file the same second name. Each call that succeeds is checked: are both names one inode?

import { writeFileSync } from 'node:fs'
import { link as linkByNode, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import fsExtra from 'fs-extra'
import { link } from 'holdfast'
import { contest } from './contest.js'

export type Way = (existing: string, path: string) => Promise<unknown>

export const ways: Record<string, Way> = {
  holdfast: (existing, path) => link(existing, path),
  'fs.promises': (existing, path) => linkByNode(existing, path),
  // "Ensures that the link exists."
  'fs-extra': (existing, path) => fsExtra.ensureLink(existing, path),
  'by hand': async (existing, path) => {
    await rm(path, { force: true })
    await linkByNode(existing, path)
  },
}

export const linkBySeveral = contest({
  name: 'link, by several',
  file: import.meta.url,
  ways,
  verdicts: {
    // link(2) itself says "If newpath exists, it will not be overwritten", and no more.
    rejected: { of: 'calls', unpromised: ['fs.promises'] },
    'torn or absent': { of: 'looks' },
  },
  cast: { linker: 3 },
  rounds: 200,
  plays: {
    linker: async (way, turn) => {
      const [existing, path] = [turn.path('existing'), turn.path('link')]
      const { status } = await turn.score.call(() => way(existing, path))
      if (status === 'fulfilled') turn.score.count('torn or absent', !(await isOne(existing, path)))
    },
  },
  lay: dir => writeFileSync(join(dir, 'existing'), ''),
})

/** Are both names one inode? */
async function isOne(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other).catch(() => undefined)])
  return first.ino === second?.ino
}
