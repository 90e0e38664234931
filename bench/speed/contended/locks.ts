// Turns at one lock: each takes the lock, adds one to a counter, and releases the lock.

import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { lock, withLock } from 'holdfast'
import lockfile from 'lockfile'
import properLockfile from 'proper-lockfile'
import type { Contest, Side } from './contest.js'

const rival = 'proper-lockfile'

const width = 10
const zero = '0'.padStart(width, '0')

/** Adds one with no more than a read and a write, so that the lock is what is measured. */
function addOne(counter: string): void {
  const fd = openSync(counter, 'r+')
  const bytes = Buffer.alloc(width)
  readSync(fd, bytes, 0, width, 0)
  writeSync(fd, `${Number(bytes) + 1}`.padStart(width, '0'), 0)
  closeSync(fd)
}

/** Retries until it has the lock, `least` to `most` ms apart. */
const retrying = (least: number, most: number) => async (counter: string) => {
  const retries = { forever: true, retries: 20, minTimeout: least, maxTimeout: most, randomize: true }
  const release = await properLockfile.lock(counter, { realpath: false, retries })
  addOne(counter)
  await release()
}

const lockFile = promisify<string, lockfile.Options, void>(lockfile.lock)
const unlockFile = promisify(lockfile.unlock)
const polling = (pollPeriod: number) => async (counter: string) => {
  await lockFile(`${counter}.lock`, { wait: 60_000, pollPeriod })
  addOne(counter)
  await unlockFile(`${counter}.lock`)
}

const takers: Readonly<Record<string, (counter: string) => unknown>> = {
  async 'holdfast, lock'(counter) {
    const lease = await lock(counter)
    addOne(counter)
    await lease.release()
  },
  'holdfast, withLock': counter => withLock(counter, () => addOne(counter)),
  'holdfast, withLock.sync': counter => withLock.sync(counter, () => addOne(counter)),
  [`${rival}, retries 1-4 ms`]: retrying(1, 4),
  [`${rival}, retries 1-10 ms`]: retrying(1, 10),
  [`${rival}, retries 10-100 ms`]: retrying(10, 100),
  'lockfile, polls each ms': polling(1),
  'lockfile, polls each 10 ms': polling(10),
}

const sideOf =
  (take: (counter: string) => unknown): Side =>
  counter => ({ turn: () => take(counter) })

export const locking: Contest = {
  ...{ name: 'lock', rival, turns: 100 },
  sides: Object.fromEntries(Object.entries(takers).map(([name, take]) => [name, sideOf(take)])),
  lay: counter => writeFileSync(counter, zero),
  countIn: counter => Number(readFileSync(counter)),
}
