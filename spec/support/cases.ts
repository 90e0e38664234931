// One call of every public function, for the specs that try something on all of them: what it finds, the call in each of
// its forms, and what may be there afterwards, wherever it was stopped: the old or the new, and nothing else.

import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  appendLines,
  cell,
  copy,
  createExclusive,
  emplace,
  emptyDir,
  exists,
  getOrCreate,
  link,
  lock,
  mkdirp,
  move,
  type Patience,
  probe,
  publishDirectory,
  readJson,
  remove,
  single,
  sweep,
  symlink,
  tempDir,
  updateFile,
  withLock,
  withTempDir,
  writeFile,
  writeFiles,
  writeJson,
} from 'holdfast'
import { release, type Steps } from 'holdfast/steps'

/** What follows a call is given no signal, so what stops the call does not end it. */
async function orStopped(work: Promise<void> | undefined, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return await work
  if (!signal.aborted)
    await Promise.race([work, new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))])
}

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

/** What a function that is made by `dual` has, whatever its arguments are. */
interface Act {
  (...args: never[]): Promise<unknown>
  sync(...args: never[]): unknown
  steps(...args: never[]): Steps<unknown>
}
type Given = Pick<Case, 'name' | 'lay' | 'state'>

/** A call of one function. `args` end before the options, of which the case has some of its own. */
function caseOf(act: Act, given: Given, args: (dir: string, across: string) => unknown[], own: object = {}): Case {
  const all = (dir: string, across: string, options?: Patience) =>
    [...args(dir, across), { ...own, ...options }] as never[]
  return {
    ...given,
    call: (...where) => act(...all(...where)),
    sync: (...where) => act.sync(...all(...where)),
    steps: (...where) => act.steps(...all(...where)),
  }
}

const bytes = 20_000
export const files = 400
const text = (name: string) => name.padEnd(16, '.').repeat(bytes / 16)
const [before, after] = [text('before'), text('after')]

const put = (path: string, content: string) => writeFileSync(path, content)

/** Makes a tree, `s`: files in directories of twenty. */
function layTree(dir: string): void {
  mkdirSync(join(dir, 's'))
  for (let at = 0; at < files; at++) {
    if (at % 20 === 0) mkdirSync(join(dir, `s/d${at / 20}`))
    put(join(dir, `s/d${Math.floor(at / 20)}/f${at}`), `${at}`)
  }
}

/**
 * How many files of such a tree are there, each of them whole: `undefined` if one is not. A process that was killed has left
 * private names as well.
 */
function countTree(dir: string): number | undefined {
  let count = 0
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.name.endsWith('.holdfast')) continue
    if (`f${readFileSync(join(entry.parentPath, entry.name), 'utf8')}` !== entry.name) return undefined
    count++
  }
  return count
}

const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined
const read = (path: string) => (isThere(path) ? readFileSync(path, 'utf8') : undefined)
const named = (content: string | undefined, old: string | undefined, next: string): string =>
  content === old ? 'old' : content === next ? 'new' : `${content?.length} bytes: ${content?.slice(0, 30)}`
/** The source, or the target, is there: a file is never lost. */
const movedFile = (from: string, to: string): string =>
  isThere(join(from, 's')) || isThere(join(to, 'f')) ? named(read(join(to, 'f')), undefined, after) : 'lost'
/** A tree that is whole at one place and not at the other, or (a copy on its way) whole at both. */
const movedTree = (from: string, to: string): string => {
  const [source, target] = [join(from, 's'), join(to, 't')]
  const whole = [source, target].map(dir => isThere(dir) && countTree(dir) === files)
  if (whole[1]) return 'new'
  return whole[0] && !isThere(target) ? 'old' : `source ${whole[0]}, target ${isThere(target)}`
}

/** A file is replaced, or comes to be: its old content, or none, and the new. */
const replaces = (name: string, path: string): Given => ({
  name,
  lay: dir => put(join(dir, path), before),
  state: dir => named(read(join(dir, path)), before, after),
})
const creates = (name: string, path: string, lay?: Given['lay']): Given => ({
  name,
  ...(lay && { lay }),
  state: dir => named(read(join(dir, path)), undefined, after),
})
/** What changes nothing that could be seen afterwards. */
const passes = (name: string, lay?: Given['lay']): Given => ({ name, ...(lay && { lay }), state: () => 'new' })
const laySource = (dir: string) => put(join(dir, 's'), after)

export const cases: readonly Case[] = [
  caseOf(mkdirp, { name: 'mkdirp', state: dir => (isThere(join(dir, 'a/b/c')) ? 'new' : 'old') }, dir => [
    join(dir, 'a/b/c'),
  ]),
  caseOf(createExclusive, creates('createExclusive', 'f'), dir => [join(dir, 'f'), after]),
  caseOf(
    emplace,
    {
      ...replaces('emplace', 'f'),
      lay(dir) {
        put(join(dir, 'f'), before)
        laySource(dir)
      },
    },
    dir => [join(dir, 's'), join(dir, 'f')],
  ),
  caseOf(writeFile, replaces('writeFile', 'f'), dir => [join(dir, 'f'), after]),
  caseOf(writeFile, replaces('writeFile, full', 'f'), dir => [join(dir, 'f'), after], { durability: 'full' }),
  caseOf(link, creates('link', 'l', laySource), dir => [join(dir, 's'), join(dir, 'l')]),
  caseOf(
    link,
    {
      ...replaces('link, replace', 'l'),
      lay(dir) {
        put(join(dir, 'l'), before)
        laySource(dir)
      },
    },
    dir => [join(dir, 's'), join(dir, 'l')],
    { replace: true },
  ),
  caseOf(
    symlink,
    {
      name: 'symlink',
      state: dir => (isThere(join(dir, 'l')) ? named(readlinkSync(join(dir, 'l')), undefined, 'to') : 'old'),
    },
    dir => ['to', join(dir, 'l')],
  ),
  caseOf(move, { name: 'move a file', lay: laySource, state: dir => movedFile(dir, dir) }, dir => [
    join(dir, 's'),
    join(dir, 'f'),
  ]),
  caseOf(move, { name: 'move a file across', lay: laySource, state: movedFile }, (dir, across) => [
    join(dir, 's'),
    join(across, 'f'),
  ]),
  caseOf(copy, creates('copy a file', 'f', laySource), dir => [join(dir, 's'), join(dir, 'f')]),
  {
    ...passes('lock', dir => mkdirSync(join(dir, 'l'))),
    call: async (dir, _, options) => (await lock(join(dir, 'l/x'), options)).release(),
    sync: (dir, _, options) => lock.sync(join(dir, 'l/x'), options).release.sync(),
    steps: function* (dir) {
      yield* release(yield* lock.steps(join(dir, 'l/x')))
    },
  },
  {
    ...passes('lock.shared', dir => mkdirSync(join(dir, 'l'))),
    call: async (dir, _, options) => (await lock.shared(join(dir, 'l/x'), options)).release(),
    sync: (dir, _, options) => lock.shared.sync(join(dir, 'l/x'), options).release.sync(),
    steps: function* (dir) {
      yield* release(yield* lock.shared.steps(join(dir, 'l/x')))
    },
  },
  caseOf(
    withLock,
    passes('withLock, after readers', dir => lock.shared.sync(join(dir, 'x')).release.sync()),
    dir => [join(dir, 'x'), () => {}],
  ),
  caseOf(withLock, passes('withLock, holders'), dir => [join(dir, 'x'), () => {}], { holders: 2 }),
  caseOf(withLock, passes('withLock, two paths'), dir => [[join(dir, 'x'), join(dir, 'y')], () => {}]),
  {
    ...passes('single'),
    call: async (dir, _, options) => {
      const { lease } = await single(join(dir, 'x'), { ...options, start: () => 1 })
      await orStopped(lease?.release(), options?.signal)
    },
    sync: (dir, _, options) => single.sync(join(dir, 'x'), { ...options, start: () => 1 }).lease?.release.sync(),
    steps: function* (dir) {
      const { hold } = yield* single.steps(join(dir, 'x'), { start: () => 1 })
      if (hold) yield* release(hold)
    },
  },
  caseOf(withLock, passes('withLock'), dir => [join(dir, 'x'), () => {}]),
  caseOf(updateFile, replaces('updateFile', 'f'), dir => [join(dir, 'f'), () => after]),
  caseOf(
    updateFile,
    {
      name: 'updateFile, two',
      lay(dir) {
        for (const name of ['f', 'g']) put(join(dir, name), before)
      },
      state(dir) {
        const [first = '', second = ''] = ['g', 'f'].map(name => named(read(join(dir, name)), before, after))
        return first === 'new' && second === 'old' ? 'new' : first === second ? first : `${first}, then ${second}`
      },
    },
    dir => [[join(dir, 'g'), join(dir, 'f')], () => [after, after]],
  ),
  caseOf(getOrCreate, creates('getOrCreate', 'f'), dir => [join(dir, 'f'), () => after]),
  caseOf(
    getOrCreate,
    {
      ...replaces('getOrCreate, too old', 'f'),
      lay(dir) {
        put(join(dir, 'f'), before)
        utimesSync(join(dir, 'f'), 1, 1)
      },
    },
    dir => [join(dir, 'f'), () => after],
    { maxAge: 3_600_000, read: 'utf8' },
  ),
  caseOf(
    getOrCreate,
    {
      name: 'getOrCreate, a directory',
      state: dir => (isThere(join(dir, 'd')) ? named(read(join(dir, 'd/f')), undefined, after) : 'old'),
    },
    dir => [join(dir, 'd'), (stage: string) => put(join(stage, 'f'), after)],
    { kind: 'directory' },
  ),
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
  caseOf(
    appendLines,
    {
      name: 'appendLines',
      lay: dir => put(join(dir, 'f'), before),
      state: dir => named(read(join(dir, 'f')), before, `${before}\x18\n${after}\n`),
    },
    dir => [join(dir, 'f'), after],
  ),
  caseOf(
    publishDirectory,
    {
      name: 'publishDirectory',
      state: dir => named(read(join(dir, 'site/f')), undefined, after),
    },
    dir => [join(dir, 'site'), (stage: string) => put(join(stage, 'f'), after)],
  ),
  caseOf(
    writeJson,
    {
      ...replaces('writeJson', 'f'),
      state: dir => named(read(join(dir, 'f')), before, `"${after}"\n`),
    },
    dir => [join(dir, 'f'), after],
  ),
  caseOf(
    readJson,
    passes('readJson', dir => put(join(dir, 'f'), '[1]')),
    dir => [join(dir, 'f')],
  ),
  caseOf(exists, passes('exists'), dir => [join(dir, 'f')]),
  {
    ...passes('withTempDir'),
    call: (dir, _, options) => withTempDir(path => put(join(path, 'f'), after), { dir, ...options }),
    sync: (dir, _, options) => withTempDir.sync(path => put(join(path, 'f'), after), { dir, ...options }),
    steps: dir => withTempDir.steps(path => put(join(path, 'f'), after), { dir }),
  },
  {
    ...passes('tempDir'),
    call: async (dir, _, options) => (await tempDir({ dir, ...options })).remove(),
    sync: (dir, _, options) => tempDir.sync({ dir, ...options }).remove.sync(),
    steps: function* (dir) {
      ;(yield* tempDir.steps({ dir })).remove.sync()
    },
  },
  caseOf(probe, passes('probe'), dir => [dir]),
  caseOf(
    sweep,
    passes('sweep', dir => put(join(dir, '.f.place-1-1.0123456789abcdef.holdfast'), 'left')),
    dir => [dir],
    {
      grace: 0,
    },
  ),
]

/** The functions that work through many files, each with a tree of 400. */
export const treeCases: readonly Case[] = [
  caseOf(
    writeFiles,
    {
      name: 'writeFiles',
      lay(dir) {
        mkdirSync(join(dir, 'd'))
        for (const [path] of manyFiles(dir)) put(path, before)
      },
      state(dir) {
        const seen = manyFiles(dir).map(([path]) => named(read(path), before, after))
        return seen.find(one => one !== 'old' && one !== 'new') ?? (seen.includes('old') ? 'old' : 'new')
      },
    },
    dir => [manyFiles(dir)],
  ),
  caseOf(move, { name: 'move a tree', lay: layTree, state: dir => movedTree(dir, dir) }, dir => [
    join(dir, 's'),
    join(dir, 't'),
  ]),
  caseOf(move, { name: 'move a tree across', lay: layTree, state: movedTree }, (dir, across) => [
    join(dir, 's'),
    join(across, 't'),
  ]),
  caseOf(
    copy,
    {
      name: 'copy a tree',
      lay: layTree,
      state(dir) {
        const count = isThere(join(dir, 't')) ? countTree(join(dir, 't')) : 0
        return count === undefined ? 'a part of a file' : count < files ? 'old' : 'new'
      },
    },
    dir => [join(dir, 's'), join(dir, 't')],
  ),
  caseOf(
    remove,
    {
      name: 'remove a tree',
      lay: layTree,
      state: dir =>
        isThere(join(dir, 's')) ? (countTree(join(dir, 's')) === files ? 'old' : 'a part of the tree') : 'new',
    },
    dir => [join(dir, 's')],
  ),
  caseOf(
    emptyDir,
    {
      name: 'emptyDir',
      lay(dir) {
        layTree(dir)
        for (let at = 0; at < files; at++) put(join(dir, 's', `f${at}`), `${at}`)
      },
      state(dir) {
        const names = readdirSync(join(dir, 's')).filter(name => !name.startsWith('.'))
        const torn = names.some(name => name.startsWith('d') && readdirSync(join(dir, 's', name)).length !== 20)
        return torn ? 'a part of a directory' : names.length > 0 ? 'old' : 'new'
      },
    },
    dir => [join(dir, 's')],
  ),
]

const manyFiles = (dir: string): [string, string][] =>
  Array.from({ length: files }, (_, at) => [join(dir, 'd', `f${at}`), after])
