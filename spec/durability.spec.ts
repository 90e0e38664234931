// What survives a power cut, judged by the order of the calls: a file's data is synced before its name is given, and
// the directory after that. spec/broken/broken.ts has variants that forget it.

import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Durability } from 'holdfast'
import { copy, createExclusive, emplace, move, symlink, writeFile, writeFiles } from 'holdfast'
import type { Steps } from 'holdfast/steps'
import { type Ending, explore, type Made } from 'holdfast/testing'
import { syncedTooLate, unsynced } from './broken/broken.js'
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

/** Returns when each directory was last synced. */
function synced(log: readonly Made[]): Map<string, number> {
  const behind = new Map<unknown, string>()
  const at = new Map<string, number>()
  log.forEach(({ op, args, value }, when) => {
    if (op === 'open') behind.set(value, args[1] === 'r' ? (args[0] as string) : '')
    if (op === 'fsync') at.set(behind.get(args[0]) as string, when)
  })
  return at
}

const isPrivate = (name: string): boolean => /\/\.[^/]*\.explored-/.test(name)

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
  for (const name of ['d', 'e', 'tree', 'tree/in']) mkdirSync(join(dir, name))
  writeFileSync(join(dir, 'd/old'), 'old')
  writeFileSync(join(dir, 'source'), 'source')
  writeFileSync(join(dir, 'tree/one'), '1')
  writeFileSync(join(dir, 'tree/in/two'), '2')
  symlinkSync('one', join(dir, 'tree/link'))
  symlinkSync('../d/old', join(dir, 'e/link'))
  symlinkSync('d', join(dir, 'to-d'))
}

type Act = (at: (name: string) => string, durability: Durability) => Steps<unknown>

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
    assert.is(readdirSync(join(dir, 'd')).length, 4)
  }
  explore({ setup, players, check })
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
