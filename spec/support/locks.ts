// What players and processes do with a lock, and what people usually write instead.

import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type LockOptions, lock } from 'holdfast'
import { fs, hasCode, release, type Steps } from 'holdfast/steps'
import { parseState, type State, spellState, successor } from '../../lib/cell/state.js'
import { assert } from './kit.js'

const nonce = '0123456789abcdef'

/** The state of a lock. */
export const stateOf = (path: string): State => parseState(readdirSync(`${path}.lock`)[0] ?? '') as State

/** Lays a lock with such a token, which may be longer than those that users put into cells. */
export const layLock = (path: string, fields: readonly string[]): void => layToken(`${path}.lock`, fields)

function layToken(dir: string, fields: readonly string[]): void {
  mkdirSync(dir)
  // As the package marks what it has made.
  chmodSync(dir, 0o4755)
  writeFileSync(`${dir}/${spellState(successor(undefined, { fields }, nonce))}`, '')
}

/** Lays a lock that so many have shared, or that had so many holders; by this one, its slots are held. */
export function laySlots(path: string, kind: 's' | 'n', count: number, slots = count, heldBy?: string): void {
  layLock(path, ['f', '1', 'clock', '0', `${kind}${count}`])
  const fields = heldBy === undefined ? ['f', '1', 'clock'] : ['h', '1', heldBy, nonce, '0', '5']
  for (let number = 1; number <= slots; number++) layToken(`${path}.lock.${number}`, fields)
}

/** A free lock whose first fence will be 1: one that is new is numbered by the filesystem's clock. */
export function numbered(path: string): string {
  layLock(path, ['f', '0'])
  return path
}

/** Changes what the token says. */
export function changeLock(path: string, change: (fields: readonly string[]) => readonly string[]): void {
  const now = stateOf(path)
  const next = successor(now, { fields: change(now.fields) }, nonce)
  renameSync(`${path}.lock/${spellState(now)}`, `${path}.lock/${spellState(next)}`)
}

/**
 * Adds one to a count while the lock is held. The count is a name, so if two players count at once, one gets ENOENT.
 * Where a holder can lose its lock to another, that is no error: the name also has the fencing token, and a player with
 * a smaller token must not change it.
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

/** One hold: its fencing token, its beginning and its end. */
export type Held = readonly [fence: number, from: number, to: number]

/** No two holds overlap, and a later hold has the greater token. */
export function assertApart(all: readonly Held[]): void {
  const byTime = [...all].sort((a, b) => a[1] - b[1])
  for (const [at, [fence, from]] of byTime.entries()) {
    const before = byTime[at - 1]
    if (before) assert.ok(before[0] < fence && before[2] <= from, `${before} and ${[fence, from]} overlap`)
  }
}

export const digits = 10

export const counted = (file: string): number => Number(readFileSync(file, 'utf8'))

/**
 * Adds one to the number in a file. It is written in one call, so a killed process leaves the old number or the new.
 */
export function* increment(file: string): Steps<void> {
  const fd = yield* fs.open(file, 'r+')
  const bytes = Buffer.alloc(digits)
  yield* fs.read(fd, bytes, 0)
  yield* fs.close(fd)
  const next = yield* fs.open(file, 'r+')
  yield* fs.write(next, Buffer.from(`${Number(bytes) + 1}`.padStart(digits, '0')))
  yield* fs.close(next)
}

/** Deletes the lock of a dead holder, and then competes for a new one: most lock files, proper-lockfile. */
export function* unlinkAndRetry(dir: string): Steps<boolean> {
  const path = `${dir}/x.lock`
  if (yield* written(path)) return true
  const owner = yield* read(path)
  if (owner === undefined || (yield* fs.alive(owner))) return false
  // Meanwhile it may belong to another process, which lives.
  yield* gone(path)
  return yield* written(path)
}

/** Renames the lock of a dead holder aside, looks at what it got, and puts it back if its holder lives. */
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
    // While it was aside, a third process may have taken the lock.
    yield* fs.rename(aside, path)
    return false
  }
  yield* gone(aside)
  return yield* written(path)
}

/** Publishes the lock file with its owner in it, so that no other process sees it empty. */
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
