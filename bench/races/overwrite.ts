// Two processes replace one file with their own, again and again, while two more read it.

import { existsSync, writeFileSync } from 'node:fs'
import { rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import fsExtra from 'fs-extra'
import { move } from 'holdfast'
import { moveFile } from 'move-file'
import { contest } from './contest.js'
import { look, payload } from './payload.js'

export type Way = (source: string, target: string) => Promise<unknown>

export const ways: Record<string, Way> = {
  holdfast: (source, target) => move(source, target, { overwrite: true, durability: 'none' }),
  'fs.promises': (source, target) => rename(source, target),
  // "overwrite existing file or directory"
  'fs-extra': (source, target) => fsExtra.move(source, target, { overwrite: true }),
  // "Overwrite existing destination file."
  'move-file': (source, target) => moveFile(source, target, { overwrite: true }),
  'by hand': async (source, target) => {
    if (existsSync(target)) await unlink(target)
    await rename(source, target)
  },
}

const cast = { mover: 2, reader: 2 }
const bytes = 16 * 1024

export const moveWithOverwrite = contest({
  name: 'move, with overwrite',
  file: import.meta.url,
  ways,
  verdicts: {
    rejected: { of: 'calls' },
    // Neither documents what is at the target meanwhile.
    'torn or absent': { of: 'reads', unpromised: ['fs-extra', 'move-file'] },
  },
  cast,
  rounds: 8,
  plays: {
    mover: async (way, turn) => {
      for (const at of turn.times(100)) {
        const own = turn.path(`own-${turn.number}`)
        writeFileSync(own, payload(at, bytes))
        await turn.score.call(() => way(own, turn.path('target')))
      }
    },
    reader: async (_, turn) => {
      for await (const _ of turn.until('mover-over', cast.mover)) {
        const { seen } = await look(turn.path('target'))
        turn.score.count('torn or absent', seen !== 'whole')
      }
    },
  },
  lay: dir => writeFileSync(join(dir, 'target'), payload(0, bytes)),
})
