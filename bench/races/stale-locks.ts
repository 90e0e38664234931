// Locks that a killed process left. Three processes want each of them, and each that gets one holds it for a moment.

import { mkdirSync, readdirSync } from 'node:fs'
import { readFile, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { lock } from 'holdfast'
import { overlaps, race } from 'holdfast/testing'
import lockfile from 'lockfile'
import properLockfile from 'proper-lockfile'
import { contest } from './contest.js'
import { victim } from './rules.js'
import { no, oneWinner } from './score.js'

/** Returns a function that releases the lock, or false if it is held. */
export type Way = (path: string) => Promise<(() => Promise<unknown>) | false>

/** Milliseconds; proper-lockfile takes no less. */
const stale = 2000

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A file with the holder's pid. The file of a dead holder is deleted, and a new one is made. */
async function byPidFile(path: string): ReturnType<Way> {
  const made = () => writeFile(path, String(process.pid), { flag: 'wx' }).then(() => true, no('EEXIST'))
  if (!(await made())) {
    if (lives(Number(await readFile(path, 'utf8')))) return false
    await unlink(path)
    if (!(await made())) return false
  }
  return () => unlink(path)
}

export const ways: Record<string, Way> = {
  holdfast: async path => {
    const lease = await lock.try(path)
    return lease !== undefined && (() => lease.release())
  },
  // "An inter-process and inter-machine lockfile utility"
  'proper-lockfile': path => properLockfile.lock(path, { stale, realpath: false }).catch(no('ELOCKED')),
  // "A number of milliseconds before locks are considered to have expired."
  lockfile: path =>
    promisify<void>(done => lockfile.lock(path, { stale }, done))().then(
      () => promisify<void>(done => lockfile.unlock(path, done)),
      no('EEXIST'),
    ),
  'by hand': byPidFile,
}

const clock = (): number => {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/** The time during which a process certainly held the lock, on the clock that all processes of this machine share. */
type Held = readonly [from: number, to: number]

const held = 10

export const staleLocks = contest<Way, Held | undefined>({
  name: 'lock, left by the killed',
  file: import.meta.url,
  ways,
  verdicts: { rejected: { of: 'calls' }, 'double winners': { of: 'locks' } },
  cast: { heir: 3 },
  rounds: 120,
  prologue: async (dir, turns, signal) => {
    for (let turn = 0; turn < turns; turn++) mkdirSync(join(dir, String(turn)))
    const [[died] = []] = await race(import.meta.url, { dir, cast: { [victim]: 1 }, rounds: 1, signal })
    if (died?.how !== 'died') throw new Error(`The holder of the locks is not dead: ${died?.message}`)
    await wait(stale + 100, undefined, { signal })
  },
  plays: {
    /** Takes the locks of all rounds, each with the package whose turn it will be. */
    [victim]: async (_, turn) => {
      const all = dirname(turn.dir)
      for (const place of readdirSync(all).filter(name => /^\d+$/.test(name))) {
        const way = Object.values(ways)[Number(place) % Object.keys(ways).length] as Way
        if (!(await way(join(all, place, 'lock')))) throw new Error('There is a lock already')
      }
      process.kill(process.pid, 'SIGKILL')
      return undefined
    },
    heir: async (way, turn) => {
      const got = await turn.score.call(() => way(turn.path('lock')))
      if (got.status === 'rejected' || !got.value) return undefined
      const release = got.value
      const from = clock()
      await wait(held)
      const to = clock()
      await turn.score.call(release)
      return [from, to]
    },
  },
  judge: (_dir, all) => {
    const byTime = all.filter(one => one !== undefined).sort((a, b) => a[0] - b[0])
    return oneWinner(byTime.map((one, at) => at === 0 || one[0] < (byTime[at - 1] as Held)[1]))
  },
  contended: (results, all) => overlaps(results) && all.length > 0,
})
