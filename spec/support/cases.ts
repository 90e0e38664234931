// One call of every public function, for the specs that try something on all of them: what it finds, the call in each of
// its forms, and what may be there afterwards, wherever it was stopped: the old or the new, and nothing else.

import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
  type Patience,
  probe,
  remove,
  sweep,
  symlink,
  updateFile,
  withLock,
  writeFile,
  writeFiles,
} from 'holdfast'
import { release, type Steps } from 'holdfast/steps'

export interface Case {
  readonly name: string
  /** Lays out what the call finds, in a directory of its own; `across` is one on another device. */
  readonly lay?: (dir: string, across: string) => void
  readonly call: (dir: string, across: string, options?: Patience) => Promise<unknown>
  readonly sync: (dir: string, across: string, options?: Patience) => unknown
  readonly steps: (dir: string, across: string) => Steps<unknown>
  /** Returns `old` or `new`, or what else is there, which is wrong. */
  readonly state: (dir: string, across: string) => string
}

const bytes = 20_000
export const files = 400
const text = (name: string) => name.padEnd(16, '.').repeat(bytes / 16)
const [before, after] = [text('before'), text('after')]

const put = (path: string, content: string) => writeFileSync(path, content)

/** Makes a tree: `count` files in directories of twenty. */
function layTree(dir: string, count = files): void {
  mkdirSync(dir)
  for (let at = 0; at < count; at++) {
    if (at % 20 === 0) mkdirSync(join(dir, `d${at / 20}`))
    put(join(dir, `d${Math.floor(at / 20)}`, `f${at}`), `${at}`)
  }
}

/** How many files of such a tree are there, each of them whole: `undefined` if one is not. */
function countTree(dir: string): number | undefined {
  let count = 0
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    if (`f${readFileSync(join(entry.parentPath, entry.name), 'utf8')}` !== entry.name) return undefined
    count++
  }
  return count
}

const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined
const read = (path: string) => (isThere(path) ? readFileSync(path, 'utf8') : undefined)
const named = (content: string | undefined, old: string | undefined, next: string): string =>
  content === old ? 'old' : content === next ? 'new' : `${content?.length} bytes: ${content?.slice(0, 30)}`
/** A tree that is whole at one place and not at the other, or (a copy on its way) whole at both. */
const movedTree = (from: string, to: string): string => {
  const whole = [from, to].map(dir => isThere(dir) && countTree(dir) === files)
  if (whole[1]) return 'new'
  return whole[0] && !isThere(to) ? 'old' : `source ${whole[0]}, target ${isThere(to)}`
}

export const cases: readonly Case[] = [
  {
    name: 'mkdirp',
    call: (dir, _, options) => mkdirp(join(dir, 'a/b/c'), options),
    sync: (dir, _, options) => mkdirp.sync(join(dir, 'a/b/c'), options),
    steps: dir => mkdirp.steps(join(dir, 'a/b/c')),
    state: dir => (isThere(join(dir, 'a/b/c')) ? 'new' : 'old'),
  },
  {
    name: 'createExclusive',
    call: (dir, _, options) => createExclusive(join(dir, 'f'), after, options),
    sync: (dir, _, options) => createExclusive.sync(join(dir, 'f'), after, options),
    steps: dir => createExclusive.steps(join(dir, 'f'), after),
    state: dir => named(read(join(dir, 'f')), undefined, after),
  },
  {
    name: 'emplace',
    lay(dir) {
      put(join(dir, 'f'), before)
      put(join(dir, 's'), after)
    },
    call: (dir, _, options) => emplace(join(dir, 's'), join(dir, 'f'), options),
    sync: (dir, _, options) => emplace.sync(join(dir, 's'), join(dir, 'f'), options),
    steps: dir => emplace.steps(join(dir, 's'), join(dir, 'f')),
    state: dir => named(read(join(dir, 'f')), before, after),
  },
  {
    name: 'writeFile',
    lay: dir => put(join(dir, 'f'), before),
    call: (dir, _, options) => writeFile(join(dir, 'f'), after, options),
    sync: (dir, _, options) => writeFile.sync(join(dir, 'f'), after, options),
    steps: dir => writeFile.steps(join(dir, 'f'), after),
    state: dir => named(read(join(dir, 'f')), before, after),
  },
  {
    name: 'writeFile, full',
    lay: dir => put(join(dir, 'f'), before),
    call: (dir, _, options) => writeFile(join(dir, 'f'), after, { durability: 'full', ...options }),
    sync: (dir, _, options) => writeFile.sync(join(dir, 'f'), after, { durability: 'full', ...options }),
    steps: dir => writeFile.steps(join(dir, 'f'), after, { durability: 'full' }),
    state: dir => named(read(join(dir, 'f')), before, after),
  },
  {
    name: 'link',
    lay: dir => put(join(dir, 'f'), before),
    call: (dir, _, options) => link(join(dir, 'f'), join(dir, 'l'), options),
    sync: (dir, _, options) => link.sync(join(dir, 'f'), join(dir, 'l'), options),
    steps: dir => link.steps(join(dir, 'f'), join(dir, 'l')),
    state: dir => named(read(join(dir, 'l')), undefined, before),
  },
  {
    name: 'link, replace',
    lay(dir) {
      put(join(dir, 'f'), after)
      put(join(dir, 'l'), before)
    },
    call: (dir, _, options) => link(join(dir, 'f'), join(dir, 'l'), { replace: true, ...options }),
    sync: (dir, _, options) => link.sync(join(dir, 'f'), join(dir, 'l'), { replace: true, ...options }),
    steps: dir => link.steps(join(dir, 'f'), join(dir, 'l'), { replace: true }),
    state: dir => named(read(join(dir, 'l')), before, after),
  },
  {
    name: 'symlink',
    call: (dir, _, options) => symlink('to', join(dir, 'l'), options),
    sync: (dir, _, options) => symlink.sync('to', join(dir, 'l'), options),
    steps: dir => symlink.steps('to', join(dir, 'l')),
    state: dir => (isThere(join(dir, 'l')) ? named(readlinkSync(join(dir, 'l')), undefined, 'to') : 'old'),
  },
  {
    name: 'move a file',
    lay: dir => put(join(dir, 's'), after),
    call: (dir, _, options) => move(join(dir, 's'), join(dir, 'f'), options),
    sync: (dir, _, options) => move.sync(join(dir, 's'), join(dir, 'f'), options),
    steps: dir => move.steps(join(dir, 's'), join(dir, 'f')),
    state: dir =>
      isThere(join(dir, 's')) || isThere(join(dir, 'f')) ? named(read(join(dir, 'f')), undefined, after) : 'lost',
  },
  {
    name: 'move a file across',
    lay: dir => put(join(dir, 's'), after),
    call: (dir, across, options) => move(join(dir, 's'), join(across, 'f'), options),
    sync: (dir, across, options) => move.sync(join(dir, 's'), join(across, 'f'), options),
    steps: (dir, across) => move.steps(join(dir, 's'), join(across, 'f')),
    state: (dir, across) =>
      isThere(join(dir, 's')) || isThere(join(across, 'f')) ? named(read(join(across, 'f')), undefined, after) : 'lost',
  },
  {
    name: 'copy a file',
    lay: dir => put(join(dir, 's'), after),
    call: (dir, _, options) => copy(join(dir, 's'), join(dir, 'f'), options),
    sync: (dir, _, options) => copy.sync(join(dir, 's'), join(dir, 'f'), options),
    steps: dir => copy.steps(join(dir, 's'), join(dir, 'f')),
    state: dir => named(read(join(dir, 'f')), undefined, after),
  },
  {
    name: 'lock',
    lay: dir => mkdirSync(join(dir, 'l')),
    call: async (dir, _, options) => (await lock(join(dir, 'l/x'), options)).release(),
    sync: (dir, _, options) => lock.sync(join(dir, 'l/x'), options).release.sync(),
    steps: function* (dir) {
      yield* release(yield* lock.steps(join(dir, 'l/x')))
    },
    state: () => 'new',
  },
  {
    name: 'withLock',
    call: (dir, _, options) => withLock(join(dir, 'x'), () => {}, options),
    sync: (dir, _, options) => withLock.sync(join(dir, 'x'), () => {}, options),
    steps: dir => withLock.steps(join(dir, 'x'), () => {}),
    state: () => 'new',
  },
  {
    name: 'updateFile',
    lay: dir => put(join(dir, 'f'), before),
    call: (dir, _, options) => updateFile(join(dir, 'f'), () => after, options),
    sync: (dir, _, options) => updateFile.sync(join(dir, 'f'), () => after, options),
    steps: dir => updateFile.steps(join(dir, 'f'), () => after),
    state: dir => named(read(join(dir, 'f')), before, after),
  },
  {
    name: 'getOrCreate',
    call: (dir, _, options) => getOrCreate(join(dir, 'f'), () => after, options),
    sync: (dir, _, options) => getOrCreate.sync(join(dir, 'f'), () => after, options),
    steps: dir => getOrCreate.steps(join(dir, 'f'), () => after),
    state: dir => named(read(join(dir, 'f')), undefined, after),
  },
  {
    name: 'getOrCreate, a directory',
    call: (dir, _, options) => getOrCreate<'directory'>(join(dir, 'd'), layFew, { kind: 'directory', ...options }),
    sync: (dir, _, options) => getOrCreate.sync<'directory'>(join(dir, 'd'), layFew, { kind: 'directory', ...options }),
    steps: dir => getOrCreate.steps<'directory'>(join(dir, 'd'), layFew, { kind: 'directory' }),
    state: dir => (isThere(join(dir, 'd')) ? named(read(join(dir, 'd/f')), undefined, after) : 'old'),
  },
  {
    name: 'cell',
    lay: dir => void cell.create.sync(join(dir, 'c'), { fields: ['a'] }),
    call: async (dir, _, options) => {
      const now = await cell.read(join(dir, 'c'), options)
      return now && (await cell.swap(join(dir, 'c'), now, { fields: ['b'], data: after }, options))
    },
    sync: (dir, _, options) => {
      const now = cell.read.sync(join(dir, 'c'), options)
      return now && cell.swap.sync(join(dir, 'c'), now, { fields: ['b'], data: after }, options)
    },
    steps: function* (dir) {
      const now = yield* cell.read.steps(join(dir, 'c'))
      return now && (yield* cell.swap.steps(join(dir, 'c'), now, { fields: ['b'], data: after }))
    },
    state: dir => {
      const now = cell.load.sync(join(dir, 'c'))
      return named(now?.data?.toString() ?? now?.state.fields[0], 'a', after)
    },
  },
  {
    name: 'probe',
    call: (dir, _, options) => probe(dir, options),
    sync: (dir, _, options) => probe.sync(dir, options),
    steps: dir => probe.steps(dir),
    state: () => 'new',
  },
  {
    name: 'sweep',
    lay: dir => put(join(dir, '.f.place-1-1.0123456789abcdef'), 'left'),
    call: (dir, _, options) => sweep(dir, { grace: 0, ...options }),
    sync: (dir, _, options) => sweep.sync(dir, { grace: 0, ...options }),
    steps: dir => sweep.steps(dir, { grace: 0 }),
    state: () => 'new',
  },
]

function layFew(dir: string): void {
  put(join(dir, 'f'), after)
  put(join(dir, 'g'), before)
}

/** The functions that work through many files, each with a tree of 400. */
export const treeCases: readonly Case[] = [
  {
    name: 'writeFiles',
    lay(dir) {
      mkdirSync(join(dir, 'd'))
      for (let at = 0; at < files; at++) put(join(dir, 'd', `f${at}`), before)
    },
    call: (dir, _, options) => writeFiles(manyFiles(dir), options),
    sync: (dir, _, options) => writeFiles.sync(manyFiles(dir), options),
    steps: dir => writeFiles.steps(manyFiles(dir)),
    state(dir) {
      const seen = manyFiles(dir).map(([path]) => named(read(path), before, after))
      return seen.find(one => one !== 'old' && one !== 'new') ?? (seen.includes('old') ? 'old' : 'new')
    },
  },
  {
    name: 'move a tree',
    lay: dir => layTree(join(dir, 's')),
    call: (dir, _, options) => move(join(dir, 's'), join(dir, 't'), options),
    sync: (dir, _, options) => move.sync(join(dir, 's'), join(dir, 't'), options),
    steps: dir => move.steps(join(dir, 's'), join(dir, 't')),
    state: dir => movedTree(join(dir, 's'), join(dir, 't')),
  },
  {
    name: 'move a tree across',
    lay: dir => layTree(join(dir, 's')),
    call: (dir, across, options) => move(join(dir, 's'), join(across, 't'), options),
    sync: (dir, across, options) => move.sync(join(dir, 's'), join(across, 't'), options),
    steps: (dir, across) => move.steps(join(dir, 's'), join(across, 't')),
    state: (dir, across) => movedTree(join(dir, 's'), join(across, 't')),
  },
  {
    name: 'copy a tree',
    lay: dir => layTree(join(dir, 's')),
    call: (dir, _, options) => copy(join(dir, 's'), join(dir, 't'), options),
    sync: (dir, _, options) => copy.sync(join(dir, 's'), join(dir, 't'), options),
    steps: dir => copy.steps(join(dir, 's'), join(dir, 't')),
    state(dir) {
      const count = isThere(join(dir, 't')) ? countTree(join(dir, 't')) : 0
      return count === undefined ? 'a part of a file' : count < files ? 'old' : 'new'
    },
  },
  {
    name: 'remove a tree',
    lay: dir => layTree(join(dir, 's')),
    call: (dir, _, options) => remove(join(dir, 's'), options),
    sync: (dir, _, options) => remove.sync(join(dir, 's'), options),
    steps: dir => remove.steps(join(dir, 's')),
    state: dir =>
      isThere(join(dir, 's')) ? (countTree(join(dir, 's')) === files ? 'old' : 'a part of the tree') : 'new',
  },
  {
    name: 'emptyDir',
    lay(dir) {
      layTree(join(dir, 's'))
      for (let at = 0; at < files; at++) put(join(dir, 's', `f${at}`), `${at}`)
    },
    call: (dir, _, options) => emptyDir(join(dir, 's'), options),
    sync: (dir, _, options) => emptyDir.sync(join(dir, 's'), options),
    steps: dir => emptyDir.steps(join(dir, 's')),
    state(dir) {
      const names = readdirSync(join(dir, 's')).filter(name => !name.startsWith('.'))
      const torn = names.some(name => name.startsWith('d') && readdirSync(join(dir, 's', name)).length !== 20)
      return torn ? 'a part of a directory' : names.length > 0 ? 'old' : 'new'
    },
  },
]

const manyFiles = (dir: string): [string, string][] =>
  Array.from({ length: files }, (_, at) => [join(dir, 'd', `f${at}`), after])
