// What survives a power cut, judged by the order of the calls: a file's data is synced before its name is given, and
// the directory after that. spec/broken/broken.ts has variants that forget it.

import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Durability, NextState } from 'holdfast'
import {
  cell,
  copy,
  createExclusive,
  emplace,
  getOrCreate,
  move,
  symlink,
  updateFile,
  writeFile,
  writeFiles,
} from 'holdfast'
import type { Steps } from 'holdfast/steps'
import { type Ending, explore, type Made } from 'holdfast/testing'
import { linkThenUnlink, sourceFirst, syncedTooLate, unsynced } from './broken/broken.js'
import { assert, caught, explored, note } from './support/kit.js'

/** Follows the calls; throws where a name is given to data that is not synced. Returns when each name was given. */
function published(log: readonly Made[], durability: Durability): Map<string, number> {
  const behind = new Map<unknown, string>()
  const unsafe = new Set<string>()
  const names = new Map<string, number>()
  log.forEach(({ op, args, value, failed }, at) => {
    if (failed) return
    const [first, second] = args as [string, string]
    if (op === 'open') behind.set(value, first)
    else if (op === 'write') unsafe.add(behind.get(first) as string)
    else if (op === 'fsync') unsafe.delete(behind.get(first) as string)
    else if (op === 'rename' || op === 'link') {
      if (durability !== 'none') assert.not(unsafe.has(first), `${second} is named before its data is on the disk`)
      names.set(second, at)
    } else if (op === 'symlink' || op === 'mkdir') names.set(op === 'mkdir' ? first : second, at)
  })
  return names
}

/** Returns when each directory, and each file that was opened to be read, was last synced. */
function synced(log: readonly Made[]): Map<string, number> {
  const behind = new Map<unknown, string>()
  const at = new Map<string, number>()
  log.forEach(({ op, args, value }, when) => {
    if (op === 'open') behind.set(value, /^r/.test(String(args[1])) ? (args[0] as string) : '')
    if (op === 'fsync') at.set(behind.get(args[0]) as string, when)
  })
  return at
}

/** Private, or a state of a lock: that need not outlive a power cut. */
const isPrivate = (name: string): boolean => /\/\.[^/]*\.explored-|\.lock\//.test(name)

const ordered =
  (durability: Durability) =>
  ({ log, outcomes }: Ending): void => {
    assert.is(outcomes.A?.how, 'returned', String((outcomes.A as { error?: unknown }).error))
    const names = published(log, durability)
    assert.ok(
      [...names.keys()].some(name => !isPrivate(name)),
      'nothing was published',
    )
    if (durability !== 'full') return
    const dirs = synced(log)
    for (const [name, at] of names)
      if (!isPrivate(name))
        assert.ok((dirs.get(dirname(name)) ?? -1) > at, `the directory of ${name} is not synced after it`)
  }

const setup = (dir: string): void => {
  for (const name of ['d', 'e', 'tree', 'tree/in', 'e/full', 'd/full']) mkdirSync(join(dir, name))
  for (const name of ['e/source', 'd/mine', 'd/full/old', 'e/full/old']) writeFileSync(join(dir, name), name)
  writeFileSync(join(dir, 'd/old'), 'old')
  writeFileSync(join(dir, 'source'), 'source')
  writeFileSync(join(dir, 'tree/one'), '1')
  writeFileSync(join(dir, 'tree/in/two'), '2')
  symlinkSync('one', join(dir, 'tree/link'))
  symlinkSync('../d/old', join(dir, 'e/link'))
  symlinkSync('d', join(dir, 'to-d'))
}

type Act = (at: (name: string) => string, durability: Durability) => Steps<unknown>

const noProduct = (): void => {}

const acts: Readonly<Record<string, Act>> = {
  'writeFile of a new file': (at, durability) => writeFile.steps(at('d/new'), 'new', { durability }),
  'writeFile over another': (at, durability) => writeFile.steps(at('d/old'), 'new', { durability }),
  'writeFile of pieces': (at, durability) => writeFile.steps(at('d/old'), ['1', '2', '3'], { durability }),
  // The directory of the file must be synced, not that of the link.
  'writeFile through a link': (at, durability) => writeFile.steps(at('e/link'), 'new', { durability }),
  'writeFile below a link': (at, durability) => writeFile.steps(at('to-d/old'), 'new', { durability }),
  writeFiles: (at, durability) =>
    writeFiles.steps(
      ['d/1', 'd/2', 'e/3'].map(name => [at(name), name] as const),
      { durability, concurrency: 2 },
    ),
  createExclusive: (at, durability) => createExclusive.steps(at('d/new'), 'new', { durability }),
  emplace: (at, durability) => emplace.steps(at('source'), at('d/old'), { durability }),
  symlink: (at, durability) => symlink.steps('x', at('e/link'), { durability, replace: true }),
  'move of a file': (at, durability) => move.steps(at('source'), at('d/new'), { durability }),
  'move of a directory': (at, durability) => move.steps(at('tree'), at('d/tree'), { durability }),
  'updateFile of a new file': (at, durability) => updateFile.steps(at('d/new'), () => 'new', { durability }),
  'getOrCreate of a file': (at, durability) => getOrCreate.steps(at('d/new'), () => 'new', { durability }),
  'getOrCreate of a directory': (at, durability) =>
    getOrCreate.steps(at('d/new'), noProduct, { kind: 'directory', durability }),
  // Every directory that is made for them is synced, too.
  'writeFile with parents': (at, durability) =>
    writeFile.steps(at('d/1/2/3/new'), 'new', { durability, parents: true }),
  'writeFiles with parents': (at, durability) =>
    writeFiles.steps([[at('d/1/2/new'), 'new'] as const], { durability, parents: true }),
  'createExclusive with parents': (at, durability) =>
    createExclusive.steps(at('d/1/2/3/new'), 'new', { durability, parents: true }),
  'emplace with parents': (at, durability) =>
    emplace.steps(at('source'), at('d/1/2/new'), { durability, parents: true }),
  'symlink with parents': (at, durability) => symlink.steps('x', at('d/1/2/new'), { durability, parents: true }),
  'move with parents': (at, durability) => move.steps(at('source'), at('d/1/2/new'), { durability, parents: true }),
  'move with parents, replacing': (at, durability) =>
    move.steps(at('source'), at('d/1/2/new'), { durability, parents: true, overwrite: true }),
  'move of a directory with parents': (at, durability) =>
    move.steps(at('tree'), at('d/1/2/new'), { durability, parents: true }),
  'copy with parents': (at, durability) => copy.steps(at('tree'), at('d/1/2/new'), { durability, parents: true }),
  'updateFile with parents': (at, durability) =>
    updateFile.steps(at('d/1/2/new'), () => 'new', { durability, parents: true }),
  'getOrCreate with parents': (at, durability) =>
    getOrCreate.steps(at('d/1/2/new'), () => 'new', { durability, parents: true }),
  'copy of a file': (at, durability) => copy.steps(at('source'), at('d/old'), { durability }),
  'copy of a tree': (at, durability) => copy.steps(at('tree'), at('d/tree'), { durability, concurrency: 2 }),
}

/** The log with paths through links resolved. */
const resolved = (ending: Ending): Ending => ({
  ...ending,
  log: ending.log.map(made => ({
    ...made,
    args: made.args.map(arg => (typeof arg === 'string' ? arg.replace('/to-d', '/d').replace('/e/../d', '/d') : arg)),
  })),
})

for (const [name, act] of Object.entries(acts)) {
  explored(`${name}: data before the name, and the directory after it`, () => {
    for (const durability of ['file', 'full'] as const) {
      const players = (dir: string) => ({ A: act(file => join(dir, file), durability) })
      const check = (ending: Ending) => ordered(durability)(resolved(ending))
      assert.ok(explore({ setup, players, check }).complete)
    }
  })
}

explored('with none it waits for nothing', () => {
  for (const act of Object.values(acts)) {
    const players = (dir: string) => ({ A: act(file => join(dir, file), 'none') })
    const check = ({ log }: Ending) => assert.not(log.some(({ op }) => op === 'fsync'))
    explore({ setup, players, check })
  }
})

explored('many files share the sync of a directory', () => {
  const names = ['d/1', 'd/2', 'd/3', 'e/4', 'e/5']
  const all = (dir: string) => names.map(name => [join(dir, name), name] as const)
  const players = (dir: string) => ({ A: writeFiles.steps(all(dir), { durability: 'full', concurrency: 1 }) })
  const check = ({ log, dir }: Ending) => {
    assert.is(log.filter(({ op }) => op === 'fsync').length, names.length + 2)
    assert.equal(readdirSync(join(dir, 'd')).sort(), ['1', '2', '3', 'full', 'mine', 'old'])
  }
  explore({ setup, players, check })
})

/** A name that goes, and the one that replaces it. */
type Loss = readonly [from: string, to: string]

/**
 * Follows the calls; throws where the name `from`, or a thing below it, goes before `to` is on the disk, unless one rename
 * does both, or one directory has both. What `to` named before may go only after that, too.
 */
function assertKept(log: readonly Made[], [from, to]: Loss): boolean {
  const behind = new Map<unknown, unknown>()
  const below = (path: unknown, top: string) => path === top || String(path).startsWith(`${top}/`)
  let state: 'absent' | 'named' | 'kept' = 'absent'
  let aside: string | undefined
  let gone = false
  for (const { op, args, value, failed } of log) {
    if (failed) continue
    const [first, second] = args as [string, string]
    if (op === 'open') behind.set(value, first)
    if (op === 'fsync' && state === 'named' && behind.get(first) === dirname(to)) state = 'kept'
    // It is set aside; or it is withdrawn again.
    if (op === 'rename' && first === to && state === 'absent') aside = second
    if (op === 'rename' && first === to) state = 'absent'
    const isReplaced = aside !== undefined && /^(unlink|rmdir|rename)$/.test(op) && second !== to && below(first, aside)
    if (isReplaced) assert.is(state, 'kept', `what ${to} was goes before what it is now is on the disk`)
    // It gets its name back, or another private one.
    if (op === 'rename' && first === aside) aside = second === to ? undefined : second
    if (op === 'rename' && first === from && second === to) gone = true
    else if (/^(unlink|rmdir|rename)$/.test(op)) {
      const isLost = below(first, from)
      if (isLost && !(state === 'named' && dirname(from) === dirname(to) && first === from))
        assert.is(state, 'kept', `${from} goes before ${to} is on the disk`)
      gone ||= isLost
    }
    if ((op === 'rename' || op === 'link') && second === to) state = 'named'
  }
  return gone
}

const exdev = { failures: 1, failWith: ['EXDEV'], failIn: ['rename', 'link'] } as const

interface Losing {
  readonly act: Act
  readonly loss: Loss
}

const losing: Readonly<Record<string, Losing>> = Object.fromEntries(
  ['d', 'e'].flatMap((from): [string, Losing][] => {
    const where = from === 'd' ? 'in one directory' : 'to another directory'
    const [file, tree, to] = [from === 'd' ? 'd/mine' : 'e/source', `${from}/full`, 'd/new']
    const moveTo = (source: string, target: string, overwrite: boolean | 'with-gap'): Losing => ({
      act: (at, durability) => move.steps(at(source), at(target), { durability, overwrite }),
      loss: [`/${source}`, `/${target}`],
    })
    const emplaceTo = (ifAbsent: boolean): Losing => ({
      act: (at, durability) => emplace.steps(at(file), at(to), { durability, ifAbsent }),
      loss: [`/${file}`, `/${to}`],
    })
    return [
      [`emplace ${where}`, emplaceTo(false)],
      [`emplace, if absent, ${where}`, emplaceTo(true)],
      [`move of a file ${where}`, moveTo(file, to, false)],
      [`move of a file, replacing, ${where}`, moveTo(file, to, true)],
      [`move of a directory ${where}`, moveTo(tree, to, false)],
      [`move of a directory, replacing, ${where}`, moveTo(tree, to, true)],
    ]
  }),
)
const withGap: Losing = {
  act: (at, durability) => move.steps(at('e/full'), at('d/full'), { durability, overwrite: 'with-gap' }),
  loss: ['/e/full', '/d/full'],
}

for (const [name, { act, loss }] of [...Object.entries(losing), ['move with a gap', withGap] as const]) {
  explored(`${name}: no name goes before what replaces it is on the disk, also on another device`, () => {
    let gone = 0
    for (const durability of ['file', 'full'] as const) {
      const players = (dir: string) => ({ A: act(file => join(dir, file), durability) })
      const check = ({ log, outcomes }: Ending) => {
        if (assertKept(log, loss)) gone++
        const [from, to] = loss
        const dirs = synced(log)
        const syncs = log.filter(({ op }) => op === 'fsync').length
        const undisturbed = !log.some(({ op, failed }) => failed && /rename|link/.test(op))
        if (durability === 'file' && undisturbed && dirname(from) === dirname(to))
          assert.ok(syncs <= 1, 'one directory')
        // The loss of the old name is on the disk, too.
        if (durability === 'full' && outcomes.A?.how === 'returned' && dirname(from) !== dirname(to))
          for (const dir of loss.map(dirname)) assert.ok(dirs.has(dir), `${dir} is not synced`)
      }
      assert.ok(explore({ setup, players, check, ...exdev }).complete)
    }
    assert.ok(gone > 1, 'the name never went')
  })
}

explored('it catches: the source first, and no sync of the directory before the source goes', () => {
  const world = (act: Act, loss: Loss, durability: Durability) => ({
    setup,
    players: (dir: string) => ({ A: act(name => join(dir, name), durability) }),
    check: ({ log }: Ending) => assert.ok(assertKept(log, loss)),
  })
  const loss = ['/e/source', '/d/new'] as const
  const broken = { 'the source first': sourceFirst, 'no sync of the directory': linkThenUnlink }
  for (const [what, { steps }] of Object.entries(broken))
    caught(
      what,
      /goes before/,
      world(at => steps(at('e/source'), at('d/new')), loss, 'file'),
    )
  // With none, nothing is synced, so that is caught as well, wherever a link and not a rename gives the new name.
  for (const [name, one] of Object.entries({ ...losing, withGap }))
    if (/absent, to|file to|gap/i.test(name))
      caught(`${name}, with none`, /goes before/, world(one.act, one.loss, 'none'))
})

explored('a cell: its old data goes only after the new state is on the disk', () => {
  const data = 'more than a name holds'
  const setupCell = (dir: string) => void cell.create.sync(join(dir, 'cell'), { data })
  const world = (durability: Durability, nexts: readonly NextState[] = [{ data }]) => ({
    setup: setupCell,
    players: (dir: string) => ({
      A: (function* () {
        for (const next of nexts) {
          const was = yield* cell.read.steps(join(dir, 'cell'))
          if (was) yield* cell.swap.steps(join(dir, 'cell'), was, next, { durability })
        }
      })(),
    }),
    check: ({ log }: Ending) => {
      const swapped = log.findLastIndex(({ op, args }) => op === 'rename' && String(args[0]).startsWith('/cell/'))
      const dropped = log.findIndex(({ op, args }) => op === 'unlink' && /\.payload/.test(String(args[0])))
      const kept = synced(log).get('/cell') ?? -1
      assert.ok(swapped >= 0 && dropped > swapped, 'nothing was swapped')
      assert.ok(swapped < kept && kept < dropped, `swapped at ${swapped}, on the disk at ${kept}, gone at ${dropped}`)
    },
  })
  const kept = [{ keepData: true }, { keepData: true }, {}]
  for (const durability of ['file', 'full'] as const) {
    assert.ok(explore(world(durability)).complete)
    assert.ok(explore(world(durability, kept)).complete)
  }
  caught('a cell with none', /on the disk at -1/, world('none'))
  caught('a cell with none, after two that keep', /on the disk at -1/, world('none', kept))
})

explored('with full a cell is on the disk: its state, its name, and the directories above it', () => {
  const players = (dir: string) => ({
    A: (function* () {
      const path = join(dir, 'd/1/2/cell')
      const first = yield* cell.create.steps(path, {}, { durability: 'full', parents: true })
      if (first) yield* cell.swap.steps(path, first, {}, { durability: 'full' })
    })(),
  })
  assert.ok(explore({ setup, players, check: ordered('full') }).complete)
})

explored('with full, what another call made with none is synced before it is taken for there', () => {
  const finders: Readonly<Record<string, Act>> = {
    createExclusive: (at, durability) => createExclusive.steps(at('d/old'), 'new', { durability }),
    'createExclusive of a link': (at, durability) => createExclusive.steps(at('e/link'), 'new', { durability }),
    getOrCreate: (at, durability) => getOrCreate.steps(at('d/old'), () => 'new', { durability }),
  }
  for (const [name, act] of Object.entries(finders)) {
    const syncs = { file: 0, full: 0 }
    for (const durability of ['file', 'full'] as const) {
      const check = ({ log }: Ending) => {
        for (const file of synced(log).keys()) if (/old$|link$/.test(file)) syncs[durability]++
      }
      explore({ setup, players: dir => ({ A: act(file => join(dir, file), durability) }), check })
    }
    assert.equal(syncs, { file: 0, full: 1 }, name)
  }
  // Also if the other call comes first in the last moment.
  const players = (dir: string) => ({
    A: createExclusive.steps(join(dir, 'd/new'), 'A', { durability: 'full' }),
    B: createExclusive.steps(join(dir, 'd/new'), 'B', { durability: 'none' }),
  })
  const check = ({ log, outcomes }: Ending) => {
    if (outcomes.A?.how !== 'returned' || outcomes.A.value) return
    const own = log.filter(({ player }) => player === 'A')
    assert.ok(synced(own).has('/d/new'), 'what was found is not synced')
  }
  assert.ok(explore({ setup, players, check }).complete)
})

explored('to another device: the copy is on the disk, data and names, before the source goes', () => {
  let crossed = 0
  for (const source of ['source', 'tree']) {
    const check = (ending: Ending) => {
      const { log } = ending
      if (!log.some(({ op, failed }) => op === 'rename' && failed)) return
      crossed++
      ordered('full')(ending)
      const firstLoss = log.findIndex(
        ({ op, args }) =>
          /rename|unlink|rmdir/.test(op) && String(args[0]).startsWith(`/${source}`) && args[1] !== '/d/new',
      )
      const named = [...published(log, 'full')].filter(([name]) => name === '/d/new')[0]?.[1] ?? Number.NaN
      const saved = synced(log).get('/d') ?? Number.NaN
      assert.ok(named < saved && saved < firstLoss, `named at ${named}, synced at ${saved}, gone at ${firstLoss}`)
    }
    explore({
      setup,
      players: dir => ({ A: move.steps(join(dir, source), join(dir, 'd/new'), { overwrite: true }) }),
      failures: 1,
      failWith: ['EXDEV'],
      failIn: ['rename'],
      check: ending => (ending.outcomes.A?.how === 'returned' ? check(ending) : undefined),
    })
  }
  note(`${crossed} endings across devices`)
  assert.ok(crossed >= 2)
})

explored('it catches: no sync, a sync too late, no sync of the directory', () => {
  const world = (durability: Durability, act: Act) => ({
    setup,
    players: (dir: string) => ({ A: act(name => join(dir, name), durability) }),
    check: ordered(durability),
  })
  caught(
    'no sync',
    /before its data/,
    world('file', at => unsynced.steps(at('d/old'), 'new')),
  )
  caught(
    'a sync too late',
    /before its data/,
    world('file', at => syncedTooLate.steps(at('d/old'), 'new')),
  )
  const half: Act = at => writeFile.steps(at('d/old'), 'new', { durability: 'file' })
  caught('no sync of the directory', /is not synced after it/, world('full', half))
})
