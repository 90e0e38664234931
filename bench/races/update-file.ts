// Four processes count in one JSON file, each under a name of its own. Every update that was reported done must be in
// it.

import { readFileSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readFile as readByAtomically, writeFile as writeByAtomically } from 'atomically'
import fsExtra from 'fs-extra'
import { updateFile } from 'holdfast'
import lockfile from 'lockfile'
import properLockfile from 'proper-lockfile'
import writeFileAtomic from 'write-file-atomic'
import { contest } from './contest.js'
import type { Counts } from './score.js'
import { writerOf } from './write-file.js'

type Json = Record<string, number>
type Change = (old: Json) => Json
/** `stale`: milliseconds after which packages that judge by time take a lock's holder for dead. */
export type Way = (file: string, change: Change, stale: number) => Promise<unknown>

const read = async (file: string): Promise<Json> => JSON.parse(await readFile(file, 'utf8'))
const put = writeFileAtomic as (file: string, text: string, options: object) => Promise<void>

async function changeAtomically(file: string, change: Change): Promise<void> {
  await put(file, JSON.stringify(change(await read(file))), { fsync: false })
}

async function byProperLockfile(file: string, change: Change, stale: number): Promise<void> {
  const retries = { forever: true, retries: 20, minTimeout: 1, maxTimeout: 10, randomize: true }
  const release = await properLockfile.lock(file, { stale, retries })
  await changeAtomically(file, change)
  await release()
}

async function byLockfile(file: string, change: Change, stale: number): Promise<void> {
  await promisify<void>(done => lockfile.lock(`${file}.lock`, { wait: 60_000, pollPeriod: 2, stale }, done))()
  await changeAtomically(file, change)
  await promisify<void>(done => lockfile.unlock(`${file}.lock`, done))()
}

/** Reads, and writes the result; other processes are not kept out in between. */
async function byHand(file: string, change: Change): Promise<void> {
  await writeFile(file, JSON.stringify(change(await read(file))))
}

export const ways: Record<string, Way> = {
  holdfast: (file, change) => updateFile<Json>(file, old => change(old ?? {}), { json: true, durability: 'none' }),
  'proper-lockfile': byProperLockfile,
  lockfile: byLockfile,
  'write-file-atomic': changeAtomically,
  atomically: async (file, change) =>
    writeByAtomically(file, JSON.stringify(change(JSON.parse(await readByAtomically(file, 'utf8')))), { fsync: false }),
  steno: async (file, change) => writerOf(file).write(JSON.stringify(change(await read(file)))),
  'fs-extra': async (file, change) => fsExtra.writeJson(file, change(await fsExtra.readJson(file))),
  'by hand': byHand,
}

const counters = 4
/** Milliseconds: longer than any process holds a lock here, so no live holder is taken for dead. */
const stale = 10_000

export const lostUpdates = contest({
  name: 'updateFile, JSON, by several',
  file: import.meta.url,
  ways,
  verdicts: {
    // JSON that cannot be parsed is a torn read. fs-extra does not claim that there are none.
    rejected: { of: 'calls', unpromised: ['fs-extra'] },
    // These write whole files, or in order. None of them claims to keep others out between the read and the write.
    lost: { of: 'updates', unpromised: ['write-file-atomic', 'atomically', 'steno', 'fs-extra'] },
  },
  cast: { counter: counters },
  rounds: 8,
  plays: {
    counter: async (way, turn) => {
      const name = String(turn.number)
      let done = 0
      for (const _ of turn.times(50)) {
        const add = (old: Json) => ({ ...old, [name]: (old[name] ?? 0) + 1 })
        const { status } = await turn.score.call(() => way(turn.path('counts.json'), add, stale))
        if (status === 'fulfilled') done++
      }
      return { name, done }
    },
  },
  lay: dir => writeFileSync(join(dir, 'counts.json'), '{}'),
  judge: (dir, all): Counts => {
    const counted = inFile(join(dir, 'counts.json'))
    const lost = all.map(({ name, done }) => Math.max(0, done - (counted[name] ?? 0)))
    const sum = (numbers: readonly number[]) => numbers.reduce((so, one) => so + one, 0)
    return { lost: { bad: sum(lost), of: sum(all.map(({ done }) => done)) } }
  },
})

/** Returns the counts in the file. If it cannot be read, everything is lost. */
function inFile(file: string): Json {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}
