// A call of each function of a root, about one path.

import type { Within } from 'holdfast'

export type Form = 'promise' | 'sync'
export type Act = (dir: Within, form: Form, path: string) => unknown

const options = { retryFor: 200 }

// biome-ignore lint/suspicious/noExplicitAny: each function has a type of its own
type Any = { (...args: any[]): unknown; sync(...args: any[]): unknown }
const call = (one: unknown, form: Form, ...args: unknown[]): unknown =>
  form === 'sync' ? (one as Any).sync(...args) : (one as Any)(...args)

export const acts: Readonly<Record<string, Act>> = {
  mkdirp: (dir, form, path) => call(dir.mkdirp, form, path, options),
  'mkdirp, below': (dir, form, path) => call(dir.mkdirp, form, `${path}/new/er`, options),
  writeFile: (dir, form, path) => call(dir.writeFile, form, path, 'new', options),
  'writeFile, with parents': (dir, form, path) =>
    call(dir.writeFile, form, `${path}/x/y`, 'new', { ...options, parents: true }),
  'writeFile, in place': (dir, form, path) =>
    call(dir.writeFile, form, path, 'new', { ...options, inPlace: 'when-needed', hardLinks: 'keep' }),
  createExclusive: (dir, form, path) =>
    call(dir.createExclusive, form, path, 'new', { ...options, durability: 'full' }),
  updateFile: (dir, form, path) => call(dir.updateFile, form, path, (old = '') => `${old}new`, options),
  getOrCreate: (dir, form, path) => call(dir.getOrCreate, form, path, () => 'new', { ...options, refresh: true }),
  emplace: (dir, form, path) => call(dir.emplace, form, path, 'new', options),
  'emplace there': (dir, form, path) => call(dir.emplace, form, 'f', path, options),
  copy: (dir, form, path) => call(dir.copy, form, path, 'new', options),
  'copy there': (dir, form, path) => call(dir.copy, form, 'a', `${path}/x`, { ...options, parents: true }),
  move: (dir, form, path) => call(dir.move, form, path, 'new', options),
  'move there': (dir, form, path) => call(dir.move, form, 'f', path, { ...options, overwrite: true }),
  link: (dir, form, path) => call(dir.link, form, path, 'new', options),
  'link there': (dir, form, path) => call(dir.link, form, 'f', path, { ...options, replace: true }),
  symlink: (dir, form, path) => call(dir.symlink, form, 'f', path, { ...options, replace: true }),
  remove: (dir, form, path) => call(dir.remove, form, path, options),
  emptyDir: (dir, form, path) => call(dir.emptyDir, form, path, options),
  sweep: (dir, form, path) => call(dir.sweep, form, path, { ...options, grace: 0, recursive: true }),
  lock: async (dir, form, path) =>
    (await (call(dir.lock, form, path, options) as Promise<AsyncDisposable>))[Symbol.asyncDispose](),
  'lock.try': (dir, form, path) => call(dir.lock.try, form, path, options),
  'lock.holder': (dir, form, path) => call(dir.lock.holder, form, path, options),
  withLock: (dir, form, path) => call(dir.withLock, form, path, () => 'done', options),
  readFile: (dir, form, path) => call(dir.readFile, form, path, options),
  list: (dir, form, path) => call(dir.list, form, path, options),
  lstat: (dir, form, path) => call(dir.lstat, form, path, options),
}
