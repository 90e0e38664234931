// What survives a power cut, judged by the order of the calls: a file's data is synced before its name is given, and
// the directory after that. spec/broken/broken.ts has variants that forget it.

import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Durability, NextState } from 'holdfast'
import {
  cell,
  copy,
  createExclusive,
  emplace,
  getOrCreate,
  link,
  move,
  symlink,
  updateFile,
  writeFile,
  writeFiles,
} from 'holdfast'
import type { Call, Outcome, Steps } from 'holdfast/steps'
import { BadEnding, type Ending, explore, type Made, type World } from 'holdfast/testing'
import { linkThenUnlink, sourceFirst, syncedTooLate, unsynced } from './broken/broken.js'
import { assert, caught, explored, note } from './support/kit.js'

/**
 * Follows the calls; throws where a name is given to data that is not synced, also to what it is in. `unsynced` is what the
 * call did not write itself. Returns when each name was given.
 */
function published(
  log: readonly Made[],
  durability: Durability,
  unsynced: readonly string[] = [],
): Map<string, number> {
  const behind = new Map<unknown, string>()
  const unsafe = new Set(unsynced)
  const names = new Map<string, number>()
  spelled(log).forEach(({ op, args, value, failed }, at) => {
    if (failed) return
    const [first, second, third] = args as [string, string, string]
    if (op === 'open') behind.set(value, first)
    else if (op === 'write') unsafe.add(behind.get(first) as string)
    else if (op === 'clone') unsafe.add(behind.get(third) ?? third)
    else if (op === 'fsync') unsafe.delete(behind.get(first) as string)
    else if (op === 'rename' || op === 'link') {
      // The data of a cell is named by the next state, whose name says which it is.
      const isUnsafe = [...unsafe].some(one => isBelow(one, first) || /\.payload/.test(one))
      if (durability !== 'none') assert.not(isUnsafe, `${second} is named before its data is on the disk`)
      names.set(second, at)
    } else if (op === 'symlink' || op === 'mkdir') names.set(op === 'mkdir' ? first : second, at)
  })
  return names
}

/** The same calls with the paths that lead through the descriptor of a directory as what that was opened by. */
function spelled(log: readonly Made[]): Made[] {
  const behind = new Map<string, string>()
  const resolve = (path: unknown): unknown => {
    const [, fd = '', rest = ''] = (typeof path === 'string' && /^\/proc\/self\/fd\/(\d+)(.*)$/s.exec(path)) || []
    return behind.has(fd) ? `${behind.get(fd)}${rest}` : path
  }
  return log.map(made => {
    const args = made.args.map(resolve)
    if (made.op === 'open' && !made.failed) behind.set(String(made.value), String(args[0]))
    return { ...made, args }
  })
}

const isBelow = (path: unknown, top: string): boolean => path === top || String(path).startsWith(`${top}/`)

/** Returns when each directory, and each file that was opened to be read, was last synced. */
function synced(log: readonly Made[]): Map<string, number> {
  const behind = new Map<unknown, string>()
  const at = new Map<string, number>()
  spelled(log).forEach(({ op, args, value }, when) => {
    if (op === 'open') behind.set(value, /^r/.test(String(args[1])) ? (args[0] as string) : '')
    if (op === 'fsync') at.set(behind.get(args[0]) as string, when)
  })
  return at
}

/** Private, or a state of a lock: that need not outlive a power cut. */
const isPrivate = (name: string): boolean => /\/\.[^/]*\.explored-|\.lock\//.test(name)

const ordered =
  (durability: Durability, unsynced: readonly string[] = []) =>
  ({ log, outcomes }: Ending): void => {
    assert.is(outcomes.A?.how, 'returned', String((outcomes.A as { error?: unknown }).error))
    const names = published(log, durability, unsynced)
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

/**
 * Makes a broken variant of a call: of files or of directories nothing is synced; or only `late`, when all else is done.
 * A directory is opened with `r` or `r directory`, and no file is.
 */
const withoutSync = (what: 'files' | 'directories', late = false) =>
  function* forgetful<T>(steps: Steps<T>): Steps<T> {
    const directories = new Set<unknown>()
    const postponed: Call[] = []
    const isPostponed = ({ op, args }: Call): boolean =>
      directories.has(args[0]) === (what === 'directories') && (op === 'fsync' || (late && op === 'close'))
    const note = ({ op, args }: Call, value: unknown): void => {
      if (op === 'open' && (args[1] === 'r' || args[1] === 'r directory')) directories.add(value)
      if (op === 'close') directories.delete(args[0])
    }
    let next = steps.next()
    while (!next.done) {
      // In one go, its calls would be made unseen.
      if (next.value.op === 'inOneGo') {
        next = steps.next(undefined)
        continue
      }
      const group = next.value.op === 'together' ? (next.value.args[0] as Call[]) : [next.value]
      const made = group.filter(call => !isPostponed(call))
      postponed.push(...group.filter(isPostponed))
      const outcomes = yield* outcomesOf(made, next.value.op === 'together')
      const all = group.map(call => outcomes[made.indexOf(call)] ?? { value: undefined })
      for (const [at, call] of group.entries()) note(call, (all[at] as { value?: unknown }).value)
      const [first] = all as [Outcome<unknown>]
      if (next.value.op === 'together') next = steps.next(all)
      else next = 'error' in first ? steps.throw(first.error) : steps.next(first.value)
    }
    if (late) for (const call of postponed) yield call
    return next.value
  }

function* outcomesOf(calls: readonly Call[], areTogether: boolean): Steps<readonly Outcome<unknown>[]> {
  const [call] = calls
  if (!call) return []
  if (areTogether) return yield { op: 'together', args: [calls] }
  try {
    return [{ value: yield call }]
  } catch (error) {
    return [{ error }]
  }
}

/** Like `caught`, without the schedule: there is only one. */
function catches(why: RegExp, world: World): void {
  let ending: unknown
  try {
    explore(world)
  } catch (error) {
    ending = error
  }
  if (!(ending instanceof BadEnding)) throw ending ?? new Error(`not caught: ${why}`)
  assert.match((ending.cause as Error).message, why)
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

interface Row {
  readonly act: Act
  /** What the call gives a name to, and has not written: a file of the user, or of the user's producer. */
  readonly unsynced?: readonly string[]
  /** It gives a name to no data: to a link, to an empty directory, or to a directory that only moves. */
  readonly noData?: true
}

/** What a producer makes does not go through the calls that are seen, so its name is noted here. */
const produced: string[] = []
function fill(stage: string): void {
  writeFileSync(join(stage, 'in'), 'in')
  produced.splice(0, 1, `${dirname(stage).endsWith('/d') ? '/d' : ''}/${basename(stage)}/in`)
}

const parents = true
const acts: Readonly<Record<string, Row>> = {
  'writeFile of a new file': { act: (at, durability) => writeFile.steps(at('d/new'), 'new', { durability }) },
  'writeFile over another': { act: (at, durability) => writeFile.steps(at('d/old'), 'new', { durability }) },
  'writeFile of pieces': { act: (at, durability) => writeFile.steps(at('d/old'), ['1', '2', '3'], { durability }) },
  // The directory of the file must be synced, not that of the link.
  'writeFile through a link': { act: (at, durability) => writeFile.steps(at('e/link'), 'new', { durability }) },
  'writeFile below a link': { act: (at, durability) => writeFile.steps(at('to-d/old'), 'new', { durability }) },
  writeFiles: {
    act: (at, durability) =>
      writeFiles.steps(
        ['d/1', 'd/2', 'e/3'].map(name => [at(name), name] as const),
        { durability, concurrency: 2 },
      ),
  },
  createExclusive: { act: (at, durability) => createExclusive.steps(at('d/new'), 'new', { durability }) },
  'emplace of a file': {
    act: (at, durability) => emplace.steps(at('source'), at('d/old'), { durability }),
    unsynced: ['/source'],
  },
  'emplace of a file, if absent': {
    act: (at, durability) => emplace.steps(at('source'), at('d/new'), { durability, ifAbsent: true }),
    unsynced: ['/source'],
  },
  'emplace of a directory': {
    act: (at, durability) => emplace.steps(at('tree'), at('d/tree'), { durability }),
    noData: true,
  },
  symlink: { act: (at, durability) => symlink.steps('x', at('d/new'), { durability }), noData: true },
  'symlink in the place of another': {
    act: (at, durability) => symlink.steps('x', at('e/link'), { durability, replace: true }),
    noData: true,
  },
  'move of a file': {
    act: (at, durability) => move.steps(at('source'), at('d/new'), { durability }),
    unsynced: ['/source'],
  },
  'move of a file in one directory': {
    act: (at, durability) => move.steps(at('d/mine'), at('d/new'), { durability }),
    unsynced: ['/d/mine'],
  },
  'move of a file, replacing': {
    act: (at, durability) => move.steps(at('source'), at('d/old'), { durability, overwrite: true }),
    unsynced: ['/source'],
  },
  'move of a directory': {
    act: (at, durability) => move.steps(at('tree'), at('d/tree'), { durability }),
    noData: true,
  },
  'copy of a file': { act: (at, durability) => copy.steps(at('source'), at('d/new'), { durability }) },
  'copy of a file, replacing': { act: (at, durability) => copy.steps(at('source'), at('d/old'), { durability }) },
  'copy of a tree': { act: (at, durability) => copy.steps(at('tree'), at('d/tree'), { durability, concurrency: 2 }) },
  'updateFile of a new file': { act: (at, durability) => updateFile.steps(at('d/new'), () => 'new', { durability }) },
  'updateFile over another': { act: (at, durability) => updateFile.steps(at('d/old'), () => 'new', { durability }) },
  'getOrCreate of a file': { act: (at, durability) => getOrCreate.steps(at('d/new'), () => 'new', { durability }) },
  'getOrCreate of a file, anew': {
    act: (at, durability) => getOrCreate.steps(at('d/old'), () => 'new', { durability, refresh: true }),
  },
  'getOrCreate of a directory': {
    act: (at, durability) => getOrCreate.steps(at('d/new'), fill, { kind: 'directory', durability }),
    unsynced: produced,
  },
  'getOrCreate of a directory, anew': {
    act: (at, durability) => getOrCreate.steps(at('d/full'), fill, { kind: 'directory', durability, refresh: true }),
    unsynced: produced,
  },
  'a cell: create and swap': {
    act: function* (at, durability) {
      const first = yield* cell.create.steps(at('d/cell'), {}, { durability })
      if (first) yield* cell.swap.steps(at('d/cell'), first, {}, { durability })
    },
    noData: true,
  },
  'a cell with data: create and swap': {
    act: function* (at, durability) {
      const data = 'more than a name holds'
      const first = yield* cell.create.steps(at('d/cell'), { data }, { durability })
      if (first) yield* cell.swap.steps(at('d/cell'), first, { data }, { durability })
    },
  },
  // Every directory that is made for them is synced, too.
  'writeFile with parents': {
    act: (at, durability) => writeFile.steps(at('d/1/2/3/new'), 'new', { durability, parents }),
  },
  'writeFiles with parents': {
    act: (at, durability) => writeFiles.steps([[at('d/1/2/new'), 'new'] as const], { durability, parents }),
  },
  'createExclusive with parents': {
    act: (at, durability) => createExclusive.steps(at('d/1/2/3/new'), 'new', { durability, parents }),
  },
  'emplace with parents': {
    act: (at, durability) => emplace.steps(at('source'), at('d/1/2/new'), { durability, parents }),
    unsynced: ['/source'],
  },
  'symlink with parents': {
    act: (at, durability) => symlink.steps('x', at('d/1/2/new'), { durability, parents }),
    noData: true,
  },
  'move with parents': {
    act: (at, durability) => move.steps(at('source'), at('d/1/2/new'), { durability, parents }),
    unsynced: ['/source'],
  },
  'move with parents, replacing': {
    act: (at, durability) => move.steps(at('source'), at('d/1/2/new'), { durability, parents, overwrite: true }),
    unsynced: ['/source'],
  },
  'move of a directory with parents': {
    act: (at, durability) => move.steps(at('tree'), at('d/1/2/new'), { durability, parents }),
    noData: true,
  },
  'copy with parents': { act: (at, durability) => copy.steps(at('tree'), at('d/1/2/new'), { durability, parents }) },
  'updateFile with parents': {
    act: (at, durability) => updateFile.steps(at('d/1/2/new'), () => 'new', { durability, parents }),
  },
  'getOrCreate with parents': {
    act: (at, durability) => getOrCreate.steps(at('d/1/2/new'), () => 'new', { durability, parents }),
  },
  'a cell with parents': {
    act: (at, durability) => cell.create.steps(at('d/1/2/cell'), {}, { durability, parents }),
    noData: true,
  },
}

/** The log with paths through links resolved. */
const resolved = (ending: Ending): Ending => ({
  ...ending,
  log: ending.log.map(made => ({
    ...made,
    args: made.args.map(arg => (typeof arg === 'string' ? arg.replace('/to-d', '/d').replace('/e/../d', '/d') : arg)),
  })),
})

/** The world of one call, and what is wrong with the order of its calls. `break` makes a broken variant of it. */
const worldOf = (row: Row, durability: Durability, broken: <T>(steps: Steps<T>) => Steps<T> = steps => steps) => ({
  setup,
  players: (dir: string) => ({ A: broken(row.act(file => join(dir, file), durability)) }),
  check: (ending: Ending) => ordered(durability, row.unsynced)(resolved(ending)),
})

for (const [name, row] of Object.entries(acts)) {
  explored(`${name}: data before the name, and the directory after it; without a sync it is caught`, () => {
    for (const durability of ['file', 'full'] as const) assert.ok(explore(worldOf(row, durability)).complete)
    if (!row.noData) catches(/before its data/, worldOf(row, 'file', withoutSync('files')))
    catches(/is not synced after it/, worldOf(row, 'full', withoutSync('directories')))
  })
}

explored('with none it waits for nothing', () => {
  const linking: Row = { act: at => link.steps(at('source'), at('d/new')) }
  for (const row of [...Object.values(acts), ...Object.values(losing), linking]) {
    const check = ({ log, outcomes }: Ending) => {
      assert.is(outcomes.A?.how, 'returned')
      assert.not(log.some(({ op }) => op === 'fsync'))
    }
    explore({ ...worldOf(row, 'none'), check })
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
    const isReplaced =
      aside !== undefined && /^(unlink|rmdir|rename)$/.test(op) && second !== to && isBelow(first, aside)
    if (isReplaced) assert.is(state, 'kept', `what ${to} was goes before what it is now is on the disk`)
    // It gets its name back, or another private one.
    if (op === 'rename' && first === aside) aside = second === to ? undefined : second
    if (op === 'rename' && first === from && second === to) gone = true
    else if (/^(unlink|rmdir|rename)$/.test(op)) {
      const isLost = isBelow(first, from)
      if (isLost && !(state === 'named' && dirname(from) === dirname(to) && first === from))
        assert.is(state, 'kept', `${from} goes before ${to} is on the disk`)
      gone ||= isLost
    }
    if ((op === 'rename' || op === 'link') && second === to) state = 'named'
  }
  return gone
}

const exdev = { failures: 1, failWith: ['EXDEV'], failIn: ['rename', 'link'] } as const

interface Losing extends Row {
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
  // The same of each call, by a link and not a rename, or on another device: not synced, or only in the end.
  const others = Object.entries({ ...losing, withGap }).filter(
    ([, one]) => dirname(one.loss[0]) !== dirname(one.loss[1]),
  )
  for (const [name, one] of others)
    for (const late of [false, true])
      for (const durability of ['file', 'full'] as const) {
        const act: Act = (at, asked) => withoutSync('directories', late)(one.act(at, asked))
        const broken = { ...world(act, one.loss, durability), ...exdev }
        catches(/goes before/, { ...broken, check: ({ log }) => void assertKept(log, one.loss) })
        if (!/absent|file to|gap/.test(name)) continue
        catches(/goes before/, world(act, one.loss, durability))
        catches(/goes before/, world(one.act, one.loss, 'none'))
      }
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
