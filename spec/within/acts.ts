// A call of each function of a root, about one path.

import type { Within } from 'holdfast'
import { release, type Steps } from 'holdfast/steps'
import { cleaningUp } from '../../lib/parts/cleanup.js'

export type Form = 'promise' | 'sync'
export type Act = (dir: Within, form: Form, path: string) => unknown

const options = { retryFor: 200 }

// biome-ignore lint/suspicious/noExplicitAny: each function has a type of its own
type Any = { (...args: any[]): unknown; sync(...args: any[]): unknown }
const call = (one: unknown, form: Form, ...args: unknown[]): unknown =>
  form === 'sync' ? (one as Any).sync(...args) : (one as Any)(...args)

const released = async (lease: unknown): Promise<void> =>
  (await (lease as Promise<AsyncDisposable | undefined>))?.[Symbol.asyncDispose]()

/** A state of no cell. */
const state = { gone: false, version: 1, fields: [], nonce: '0123456789abcdef', lineage: [], writer: undefined }

export const acts: Readonly<Record<string, Act>> = {
  mkdirp: (dir, form, path) => call(dir.mkdirp, form, path, options),
  'mkdirp, below': (dir, form, path) => call(dir.mkdirp, form, `${path}/new/er`, options),
  writeFile: (dir, form, path) => call(dir.writeFile, form, path, 'new', options),
  'writeFile, with parents': (dir, form, path) =>
    call(dir.writeFile, form, `${path}/x/y`, 'new', { ...options, parents: true }),
  'writeFile, in place': (dir, form, path) =>
    call(dir.writeFile, form, path, 'new', { ...options, inPlace: 'when-needed', hardLinks: 'keep' }),
  writeFiles: (dir, form, path) =>
    call(
      dir.writeFiles,
      form,
      [
        ['new', 'x'],
        [path, 'new'],
      ],
      options,
    ),
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
  probe: (dir, form, path) => call(dir.probe, form, path, options),
  'cell.read': (dir, form, path) => call(dir.cell.read, form, path, options),
  'cell.load': (dir, form, path) => call(dir.cell.load, form, path, options),
  'cell.create': (dir, form, path) => call(dir.cell.create, form, path, { fields: ['a'], data: 'new' }, options),
  'cell.swap': (dir, form, path) => call(dir.cell.swap, form, path, state, { fields: ['a'], data: 'new' }, options),
  'cell.clear': (dir, form, path) => call(dir.cell.clear, form, path, { ...state, gone: true }, options),
  lock: async (dir, form, path) => released(call(dir.lock, form, path, options)),
  'lock.try': async (dir, form, path) => released(call(dir.lock.try, form, path, options)),
  'lock.holder': (dir, form, path) => call(dir.lock.holder, form, path, options),
  'lock.shared': async (dir, form, path) => released(call(dir.lock.shared, form, path, options)),
  'lock, two': async (dir, form, path) => released(call(dir.lock, form, ['f', path], options)),
  'lock.holders': (dir, form, path) => call(dir.lock.holders, form, path, options),
  single: async (dir, form, path) => released(call(dir.single, form, path, options)),
  withLock: (dir, form, path) => call(dir.withLock, form, path, () => 'done', options),
  readFile: (dir, form, path) => call(dir.readFile, form, path, options),
  list: (dir, form, path) => call(dir.list, form, path, options),
  lstat: (dir, form, path) => call(dir.lstat, form, path, options),
}

const brief = { retryFor: 5 }
const parents = { ...brief, parents: true }

/** The same as steps, about what is some levels below. */
export const stepsOf: Readonly<Record<string, (dir: Within) => Steps<unknown>>> = {
  mkdirp: dir => dir.mkdirp.steps('a/b/new/er', brief),
  writeFile: dir => dir.writeFile.steps('a/b/f', 'new', { ...brief, durability: 'full' }),
  'writeFile, with parents': dir => dir.writeFile.steps('a/b/x/y', 'new', parents),
  'writeFile, in place': dir =>
    dir.writeFile.steps('a/b/f', 'new', { ...brief, inPlace: 'when-needed', mode: 0o644, chown: false }),
  writeFiles: dir => dir.writeFiles.steps(Object.entries({ 'a/b/f': 'new', 'a/f': 'new', 'a/b/x/y': 'new' }), parents),
  createExclusive: dir => dir.createExclusive.steps('a/b/new', 'new', { ...brief, durability: 'full' }),
  updateFile: dir => dir.updateFile.steps('a/b/f', (old = '') => `${old}new`, brief),
  'updateFile, two': dir => dir.updateFile.steps(['f', 'a/b/f'], ([f, old]) => [f, `${old}new`], brief),
  getOrCreate: dir => dir.getOrCreate.steps('a/b/f', () => 'new', { ...brief, refresh: true, durability: 'full' }),
  'getOrCreate, read': dir =>
    dir.getOrCreate.steps('a/b/f', () => 'new', { ...brief, maxAge: 3_600_000, read: 'utf8' }),
  emplace: dir => dir.emplace.steps('a/b/f', 'new', brief),
  'emplace there': dir => dir.emplace.steps('f', 'a/b/f', brief),
  copy: dir => dir.copy.steps('a/b/f', 'new', brief),
  'copy, a tree': dir => dir.copy.steps('a/b/tree', 'a/b/new', brief),
  'copy there': dir => dir.copy.steps('f', 'a/b/f', brief),
  move: dir => dir.move.steps('a/b/f', 'new', brief),
  'move, a tree': dir => dir.move.steps('a/b/tree', 'a/new', brief),
  'move there': dir => dir.move.steps('f', 'a/b/f', { ...brief, overwrite: true }),
  link: dir => dir.link.steps('a/b/f', 'new', brief),
  'link there': dir => dir.link.steps('f', 'a/b/f', { ...brief, replace: true }),
  symlink: dir => dir.symlink.steps('x', 'a/b/f', { ...brief, replace: true }),
  remove: dir => dir.remove.steps('a/b/tree', brief),
  emptyDir: dir => dir.emptyDir.steps('a/b/tree', brief),
  sweep: dir => dir.sweep.steps('a', { ...brief, grace: 0, recursive: true }),
  *cell(dir) {
    const one = yield* dir.cell.create.steps('a/b/cell', { data: 'one' }, brief)
    const two = one && (yield* dir.cell.swap.steps('a/b/cell', one, { data: 'two', gone: true }, brief))
    const { data } = (yield* dir.cell.load.steps('a/b/cell', brief)) ?? {}
    if (two) yield* dir.cell.clear.steps('a/b/cell', two, brief)
    return data
  },
  probe: dir => dir.probe.steps('a/b', { ...brief, links: 2 }),
  *lock(dir) {
    const hold = yield* dir.lock.steps('a/b/f', brief)
    yield* cleaningUp(() => release(hold))
  },
  *'lock.shared'(dir) {
    const hold = yield* dir.lock.shared.steps('a/b/f', brief)
    yield* cleaningUp(() => release(hold))
  },
  *single(dir) {
    const { hold } = yield* dir.single.steps('a/b/f', brief)
    if (hold) yield* cleaningUp(() => release(hold))
  },
  'withLock, two': dir => dir.withLock.steps(['a/b/f', 'a/f'], () => 'done', brief),
  withLock: dir => dir.withLock.steps('a/b/f', () => 'done', brief),
  readFile: dir => dir.readFile.steps('a/b/f', brief),
  list: dir => dir.list.steps('a/b/tree', brief),
}
