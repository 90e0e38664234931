// What is called a thousand times at once: each function of the package, and the call of Node that is the measure.

import fs from 'node:fs'
import { basename, dirname } from 'node:path'
import {
  cell,
  copy,
  createExclusive,
  emplace,
  emptyDir,
  getOrCreate,
  link,
  lock,
  mkdirp,
  move,
  remove,
  symlink,
  updateFile,
  writeFile,
} from 'holdfast'
import { fileStore, getOrSet, overwrite, type Store } from 'holdfast/store'

export interface Work {
  /** Lays out what one call finds at its path. */
  readonly lay?: (path: string) => void
  readonly act: (path: string) => Promise<unknown>
}

const data = 'x'.repeat(1024)
// Threads that wait for the disk give the event loop little to do, so nothing is synced.
const unsynced = { durability: 'none' } as const
const laid = (path: string): void => fs.writeFileSync(path, data)
const beside = (path: string): string => `${path}.from`

/** All paths of a room are keys of one store. */
function storeOf(path: string): Store<string> {
  const room = dirname(path)
  if (last?.room !== room) last = { room, store: fileStore<string>(`${room}/store`, unsynced) }
  return last.store
}
let last: { readonly room: string; readonly store: Store<string> } | undefined
const laidKey = (path: string): void => void overwrite.sync(storeOf(path), basename(path), data)

/** The same number of these calls at once is what the others are compared with. */
export const measure = 'fs.promises.writeFile'

export const works: Readonly<Record<string, Work>> = {
  [measure]: { act: path => fs.promises.writeFile(path, data) },
  mkdirp: { act: path => mkdirp(`${path}/a/b`) },
  writeFile: { act: path => writeFile(path, data, unsynced) },
  'writeFile, replacing': { lay: laid, act: path => writeFile(path, data, unsynced) },
  createExclusive: { act: path => createExclusive(path, data, unsynced) },
  emplace: { lay: path => laid(beside(path)), act: path => emplace(beside(path), path, unsynced) },
  link: { lay: path => laid(beside(path)), act: path => link(beside(path), path) },
  symlink: { act: path => symlink('nowhere', path) },
  move: { lay: path => laid(beside(path)), act: path => move(beside(path), path, unsynced) },
  copy: { lay: path => laid(beside(path)), act: path => copy(beside(path), path) },
  remove: { lay: laid, act: path => remove(path) },
  emptyDir: {
    lay(path) {
      fs.mkdirSync(path)
      laid(`${path}/file`)
    },
    act: path => emptyDir(path),
  },
  'lock, release': { act: async path => (await lock(path)).release() },
  'lock, release, again': {
    lay: path => lock.sync(path).release.sync(),
    act: async path => (await lock(path)).release(),
  },
  updateFile: { lay: laid, act: path => updateFile(path, () => data, unsynced) },
  getOrCreate: { act: path => getOrCreate(path, () => data, unsynced) },
  'getOrCreate, there': { lay: laid, act: path => getOrCreate(path, () => data) },
  'cell.create': { act: path => cell.create(path, { fields: ['a'] }) },
  'cell.swap': {
    lay: path => void cell.create.sync(path, { fields: ['a'] }),
    async act(path) {
      const was = await cell.read(path)
      return was && cell.swap(path, was, { fields: ['b'] })
    },
  },
  'store, get': { lay: laidKey, act: path => storeOf(path).get(basename(path)) },
  'store, create': { act: path => storeOf(path).create(basename(path), data) },
  'store, update': { lay: laidKey, act: path => storeOf(path).update(basename(path), () => data) },
  'store, getOrSet': { act: path => getOrSet(storeOf(path), basename(path), () => data) },
}
