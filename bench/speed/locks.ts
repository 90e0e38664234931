// Locks without contention (with contention: ./contended.ts), and the swap that they are made of.

import fs from 'node:fs'
import { promisify } from 'node:util'
import { cell, lock, type State } from 'holdfast'
import lockfile from 'lockfile'
import properLockfile from 'proper-lockfile'
import { type Call, rename } from './floors.js'
import type { Family, Work } from './work.js'

/** proper-lockfile resolves the path unless `realpath` is false. */
export const plain = { realpath: false } as const
const lockFile = promisify<string, lockfile.Options, void>(lockfile.lock)
const unlockFile = promisify(lockfile.unlock)

/** For the floor: a directory with one file in it, which is renamed. */
const signOf = (path: string): string => `${path}.sign`
export function hangSign(path: string): void {
  if (fs.existsSync(signOf(path))) return
  fs.mkdirSync(signOf(path))
  fs.writeFileSync(`${signOf(path)}/free`, '')
}
export const turnSign = (path: string): Call => rename(`${signOf(path)}/free`, `${signOf(path)}/held`)
export const turnSignBack = (path: string): Call => rename(`${signOf(path)}/held`, `${signOf(path)}/free`)

export const locking: Work = {
  name: 'lock',
  calls: 60,
  standing: true,
  lay: hangSign,
  async: {
    holdfast: async path => (await lock(path)).release(),
    'proper-lockfile': async path => (await properLockfile.lock(path, plain))(),
    async lockfile(path) {
      await lockFile(`${path}.lock`, {})
      await unlockFile(`${path}.lock`)
    },
  },
  sync: {
    holdfast: path => lock.sync(path).release.sync(),
    'proper-lockfile': path => properLockfile.lockSync(path, plain)(),
    lockfile(path) {
      lockfile.lockSync(`${path}.lock`)
      lockfile.unlockSync(`${path}.lock`)
    },
  },
  // Its holder makes no heartbeat, so no other process can see whether the holder is dead.
  weaker: ['lockfile'],
  floor: path => [turnSign(path), turnSignBack(path)],
  asked: { async: { 'proper-lockfile': { disk: 0.5, memory: 1 } } },
}

/** The paths whose sign is turned to `held`. */
const held = new Set<string>()

/** The cell that is swapped, and its last known state. */
let last: { readonly path: string; readonly state: State | undefined } | undefined
const next = { fields: ['1'] }

const swapping: Work = {
  name: 'cell swap',
  calls: 200,
  standing: true,
  lay: hangSign,
  async: {
    async holdfast(path) {
      const state = last?.path === path ? last.state : undefined
      last = { path, state: await (state ? cell.swap(path, state, next) : cell.create(path, next)) }
    },
  },
  sync: {
    holdfast(path) {
      const state = last?.path === path ? last.state : undefined
      last = { path, state: state ? cell.swap.sync(path, state, next) : cell.create.sync(path, next) }
    },
  },
  floor(path) {
    if (held.delete(path)) return [turnSignBack(path)]
    held.add(path)
    return [turnSign(path)]
  },
  // 20,000 in a second.
  askedUs: { sync: { disk: 50 } },
}

export const locks: Family = { name: 'lock and cell', works: [locking, swapping] }
