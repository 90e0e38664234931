// Three processes create one file, each with its own content, while another reads the file as soon as it appears.

import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import fsExtra from 'fs-extra'
import { createExclusive } from 'holdfast'
import { contest } from './contest.js'
import { look, payload } from './payload.js'
import { no, oneWinner, yes } from './score.js'

/** Returns true if this call created the file, false if it existed. */
export type Way = (file: string, data: Buffer) => Promise<boolean>

export const ways: Record<string, Way> = {
  // This contest is about names; no package waits for the disk.
  holdfast: (file, data) => createExclusive(file, data, { durability: 'none' }),
  // "'wx': Like 'w' but fails if the path exists."
  'fs.promises': (file, data) => writeFile(file, data, { flag: 'wx' }).then(yes, no('EEXIST')),
  // Its options are those of fs.writeFile.
  'fs-extra': (file, data) => fsExtra.outputFile(file, data, { flag: 'wx' }).then(yes, no('EEXIST')),
  'by hand': async (file, data) => {
    if (existsSync(file)) return false
    await writeFile(`${file}.tmp`, data)
    await rename(`${file}.tmp`, file)
    return true
  },
}

const creators = 3
const bytes = 256 * 1024

export const createExclusiveWithContent = contest({
  name: 'createExclusive, with content',
  file: import.meta.url,
  ways,
  verdicts: {
    rejected: { of: 'calls' },
    // Their documentation does not say what others see before the promise settles.
    'torn or absent': { of: 'reads', unpromised: ['fs.promises', 'fs-extra'] },
    'double winners': { of: 'files' },
  },
  cast: { creator: creators, reader: 1 },
  rounds: 120,
  plays: {
    creator: async (way, turn) => {
      const data = payload(turn.number, bytes)
      return turn.score.wins(() => way(turn.path('file'), data))
    },
    reader: async (_, turn) => {
      for await (const _ of turn.until('creator-over', creators)) {
        const { seen } = await look(turn.path('file'))
        // The file may not have been created yet.
        if (seen !== 'absent') turn.score.count('torn or absent', seen === 'torn')
      }
      return false
    },
  },
  judge: (_dir, won) => oneWinner(won),
})
