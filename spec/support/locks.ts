// What players and processes do with a lock, and what people write instead.

import { readFileSync } from 'node:fs'
import { type LockOptions, lock } from 'holdfast'
import { fs, hasCode, release, type Steps } from 'holdfast/steps'
import { assert } from './kit.js'

/**
 * Adds one to what is counted while the lock is held: a name, which tells by itself if two have counted at once (ENOENT).
 * Only where holders can be robbed is that no error: then the name also says with which fence it was made, and nobody with
 * a smaller one may make another.
 */
export function* count(dir: string, canBeRobbed = false, options: LockOptions = {}): Steps<string> {
  const hold = yield* lock.steps(`${dir}/x`, options)
  const said = yield* add(dir, hold.fence, canBeRobbed)
  try {
    yield* release(hold)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_LEASE_LOST') throw error
    return `${said}, lost, with ${hold.fence}`
  }
  return `${said} with ${hold.fence}`
}

function* add(dir: string, fence: number, canBeRobbed: boolean): Steps<string> {
  for (;;) {
    const [now = ''] = yield* fs.readdir(`${dir}/count`)
    const [total, last] = now.split('.').map(Number) as [number, number]
    if (last > fence) return 'fenced'
    try {
      yield* fs.rename(`${dir}/count/${now}`, `${dir}/count/${total + 1}.${fence}`)
      return 'counted'
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || !canBeRobbed) throw error
    }
  }
}

/** While somebody held it: fence, from when to when. */
export type Held = readonly [fence: number, from: number, to: number]

/** One for all the processes of this machine. */
export const clock = () => performance.timeOrigin + performance.now()

/** Nobody held it while another did, and who came later had the greater fence. */
export function assertApart(all: readonly Held[]): void {
  const byTime = [...all].sort((a, b) => a[1] - b[1])
  for (const [at, [fence, from]] of byTime.entries()) {
    const before = byTime[at - 1]
    if (before) assert.ok(before[0] < fence && before[2] <= from, `${before} and ${[fence, from]} overlap`)
  }
}

export const digits = 10

export const counted = (file: string): number => Number(readFileSync(file, 'utf8'))

/** Adds one to the number in a file. In one call, so that who is killed leaves the old number or the new. */
export function* increment(file: string): Steps<void> {
  const fd = yield* fs.open(file, 'r+')
  const bytes = Buffer.alloc(digits)
  yield* fs.read(fd, bytes, 0)
  yield* fs.close(fd)
  const next = yield* fs.open(file, 'r+')
  yield* fs.write(next, Buffer.from(`${Number(bytes) + 1}`.padStart(digits, '0')))
  yield* fs.close(next)
}

/** The dead one's lock is deleted, and whoever comes first makes another: most lock files, proper-lockfile. */
export function* unlinkAndRetry(dir: string): Steps<boolean> {
  const path = `${dir}/x.lock`
  if (yield* written(path)) return true
  const owner = yield* read(path)
  if (owner === undefined || (yield* fs.alive(owner))) return false
  // By now it may be another's, who lives.
  yield* gone(path)
  return yield* written(path)
}

/** Takes the dead one's lock aside, looks at what it has got, and gives back what it should not have. */
export function* asideAndBack(dir: string): Steps<boolean> {
  const path = `${dir}/x.lock`
  if (yield* written(path)) return true
  const owner = yield* read(path)
  if (owner === undefined || (yield* fs.alive(owner))) return false
  const aside = `${path}.${yield* fs.self()}`
  try {
    yield* fs.rename(path, aside)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
  const got = yield* read(aside)
  if (got !== undefined && (yield* fs.alive(got))) {
    // While it was aside, a third may have come.
    yield* fs.rename(aside, path)
    return false
  }
  yield* gone(aside)
  return yield* written(path)
}

/** Whole at once, so that nobody sees it without its owner. */
function* written(path: string): Steps<boolean> {
  const self = yield* fs.self()
  const temp = `${path}.${self}.new`
  const fd = yield* fs.open(temp, 'w')
  yield* fs.write(fd, Buffer.from(self))
  yield* fs.close(fd)
  try {
    yield* fs.link(temp, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

function* read(path: string): Steps<string | undefined> {
  try {
    return String(yield* fs.readFile(path))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function* gone(path: string): Steps<void> {
  try {
    yield* fs.unlink(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}
