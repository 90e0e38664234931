// Three processes write one file, 1 KiB to 1 MiB, while two read it.

import { readFile, rename, writeFile } from 'node:fs/promises'
import { writeFile as writeByAtomically } from 'atomically'
import cacache from 'cacache'
import fsExtra from 'fs-extra'
import { writeFile as writeByHoldfast } from 'holdfast'
import { Writer } from 'steno'
import writeFileAtomic from 'write-file-atomic'
import { contest } from './contest.js'
import { ownerOf, somePayload } from './payload.js'

export interface Way {
  write(file: string, data: Buffer): Promise<unknown>
  /** Reads with the package itself, if only the package can. */
  read(file: string): Promise<Buffer>
}

export const written = (write: Way['write']): Way => ({ write, read: file => readFile(file) })

const writers = new Map<string, Writer>()
/** "Create a singleton writer" */
export function writerOf(file: string): Writer {
  const writer = writers.get(file) ?? new Writer(file)
  writers.set(file, writer)
  return writer
}

const key = 'content'
export const storeOf = (file: string): string => `${file}.store`

export const ways: Record<string, Way> = {
  // This contest is about names; no package waits for the disk.
  holdfast: written((file, data) => writeByHoldfast(file, data, { durability: 'none' })),
  'fs.promises': written((file, data) => writeFile(file, data)),
  'fs-extra': written((file, data) => fsExtra.outputFile(file, data)),
  // "makes its operation atomic"
  'write-file-atomic': written((file, data) => writeFileAtomic(file, data, { fsync: false })),
  // "it's impossible to get a corrupt/partially-written file"
  atomically: written((file, data) => writeByAtomically(file, data, { fsync: false })),
  // "Safe: No partial writes (writes are atomic)". Its type takes text only, but it passes on whatever it is given.
  steno: written((file, data) => writerOf(file).write(data as unknown as string)),
  // "immune to corruption, partial writes, process races, etc"
  cacache: {
    write: (file, data) => cacache.put(storeOf(file), key, data),
    read: async file => (await cacache.get(storeOf(file), key, { memoize: false })).data,
  },
  'by hand': written(async (file, data) => {
    await writeFile(`${file}.tmp`, data)
    await rename(`${file}.tmp`, file)
  }),
}

let serial = 0
/** Also by hand: a temporary name that is a process's own, as long as no other process has its pid. */
export const byPidName = written(async (file, data) => {
  const temp = `${file}.${process.pid}.${++serial}`
  await writeFile(temp, data)
  await rename(temp, file)
})

const cast = { writer: 3, reader: 2 }

export const writeFileWithReaders = contest({
  name: 'writeFile, with readers',
  file: import.meta.url,
  ways,
  verdicts: {
    rejected: { of: 'calls' },
    // "It is unsafe to use fsPromises.writeFile() multiple times on the same file without waiting", says Node, and
    // fs-extra calls that function.
    'torn or absent': { of: 'reads', unpromised: ['fs.promises', 'fs-extra'] },
  },
  cast,
  rounds: 8,
  plays: {
    writer: async (way, turn) => {
      const put = (serial: number) => way.write(turn.path('file'), somePayload(serial, turn.chance, 1024, 1024 * 1024))
      // The first one is written alone, so that there is something to read.
      if (turn.number === 0) await put(0)
      if (turn.number === 0) turn.mark('laid-0')
      for await (const _ of turn.until('laid', 1));
      for (const at of turn.times(30)) await turn.score.call(() => put(turn.number * 1000 + at))
    },
    reader: async (way, turn) => {
      for await (const _ of turn.until('laid', 1));
      for await (const _ of turn.until('writer-over', cast.writer)) {
        const whole = await way.read(turn.path('file')).then(
          data => ownerOf(data) !== undefined,
          () => false,
        )
        turn.score.count('torn or absent', !whole)
      }
    },
  },
})
