// The explorer leaves out most schedules. Small random programs, explored in full and with each reduction, must come to
// the same endings: the results of every player, and everything that is there in the end.

import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { fs, type Steps, together } from 'holdfast/steps'
import { type ExploreOptions, explore, type World } from 'holdfast/testing'
import { wrongOnSchedules } from '../../broken/mutants.js'
import { assert, explored, note, sized } from '../../support/kit.js'
import { callOf, setUp } from '../../support/lines.js'
import { seeded } from '../../support/seeded.js'

interface Program {
  readonly there: readonly string[]
  readonly players: readonly (readonly string[])[]
  readonly budgets: Partial<World>
}

const starts = [
  [],
  ['mkdir a'],
  ['mkdir a', 'file c'],
  ['mkdir a', 'file a/b'],
  ['file a', 'link a c'],
  ['mkdir a', 'mkdir c', 'file a/b'],
  ['mkdir c', 'symlink c a'],
]
const calls = ['mkdir', 'rmdir', 'unlink', 'stat', 'readdir', 'link', 'rename', 'symlink', 'chmod', 'realpath']
const tasks = [
  'create',
  'overwrite',
  'flush',
  'replace',
  'read',
  'look',
  'stamp',
  'echo',
  'both',
  'sleep',
  'now',
  'alive',
  'poll',
  'until',
]
const paths = ['a', 'a', 'a/b', 'c', 'c/d']
const budgets: readonly Partial<World>[] = [
  { kills: 1 },
  { lies: 1 },
  { failures: 1 },
  { aborts: 1 },
  { ticks: 1, tick: 12 },
  { kills: 1, ticks: 1, tick: 12 },
  { splitListings: true },
  { omissions: 1 },
]

/** The same program for the same seed. The result of a line that begins with `-` is dropped; after `!` it may throw. */
function programOf(seed: number): Program {
  const below = seeded(seed)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const three = below(4) === 0
  const line = () => `${pick(['', '', '', '-', '-', '!'])}${pick([...calls, ...tasks])} ${pick(paths)} ${pick(paths)}`
  const players = Array.from({ length: three ? 3 : 2 }, () => Array.from({ length: (three ? 1 : 2) + below(2) }, line))
  return { there: pick(starts), players, budgets: below(2) === 0 ? {} : pick(budgets) }
}

/** Programs that are rarely drawn at random: each has detected a mistake of the explorer, or a mutant of it. */
const timed: Partial<World> = { ticks: 1, tick: 12, fileClock: { ahead: -5 } }

const knownTraps: readonly Program[] = [
  // A player that is woken may end, and cannot be killed any more.
  { there: [], players: [['mkdir a'], ['sleep'], ['stat a']], budgets: { kills: 1 } },
  // The end of one player may let time pass for the others, and faults may hit them before or after that.
  {
    there: [],
    players: [
      ['stat a', 'stat a'],
      ['sleep', 'now'],
    ],
    budgets: { ticks: 1, tick: 12 },
  },
  { there: [], players: [['stat a'], ['sleep'], ['sleep', 'now']], budgets: { kills: 1 } },
  { there: [], players: [['sleep'], ['sleep', 'sleep', 'now']], budgets: { kills: 1 } },
  {
    there: [],
    players: [
      ['stat a', 'alive'],
      ['mkdir c', 'sleep'],
    ],
    budgets: { aborts: 1 },
  },
  { there: [], players: [['sleep', 'stat a'], ['mkdir a']], budgets: { aborts: 1 } },
  // A sleep ends at once if something has changed since the last one, and a death is a change.
  { there: [], players: [['stat c'], ['stat a', 'sleep', 'sleep', 'now'], ['mkdir a']], budgets: { kills: 1 } },
  {
    there: [],
    players: [
      ['-stat b', '-sleep', '-sleep', '-stat b', 'now'],
      ['-mkdir a', '-mkdir c'],
    ],
    budgets: {},
  },
  {
    there: [],
    players: [
      ['-stat b', '-sleep', 'stat c', '-sleep', 'now'],
      ['-mkdir a', '-mkdir c'],
    ],
    budgets: {},
  },
  {
    there: [],
    players: [
      ['-stat a', '!sleep'],
      ['sleep', 'now', 'now'],
    ],
    budgets: { ticks: 1, tick: 12 },
  },
  // A player that asks whether another lives must ask before and after its death.
  { there: [], players: [['alive'], ['mkdir a']], budgets: { kills: 1 } },
  { there: [], players: [['alive thread'], ['mkdir a']], budgets: { kills: 1 } },
  // When a change was made shows in what it has changed.
  { there: ['file a'], players: [['when a'], ['-stamp a']], budgets: timed },
  { there: ['file a'], players: [['when c'], ['-rename a c'], ['-chmod a']], budgets: timed },
  { there: ['file a'], players: [['since a'], ['-rename a c']], budgets: timed },
  { there: [], players: [['-create a', 'when a'], ['-link a c']], budgets: timed },
  // One of two players gets a lie that happens to be true, and `check` sees which.
  {
    there: [],
    players: [
      ['-rmdir a', '-chmod d', '!stat a'],
      ['-rmdir c', '-mkdir d', '!stat c'],
    ],
    budgets: { lies: 1 },
  },
  { there: [], players: [['!rmdir a'], ['!rmdir c'], ['stat c']], budgets: { lies: 1 } },
  // A file without a name is still read, and may have been changed or not when it lost its name.
  { there: ['file a'], players: [['look a'], ['-overwrite a'], ['-unlink a', '-unlink a']], budgets: {} },
  { there: ['file a'], players: [['look a'], ['-stamp a'], ['-stamp a', '-unlink a']], budgets: {} },
  { there: ['file a'], players: [['look a'], ['-unlink a'], ['-chmod a']], budgets: {} },
  // Two states that differ in one respect only.
  { there: ['file a'], players: [['stat a', 'stat a'], ['-chown a']], budgets: {} },
  { there: ['file a'], players: [['-stamp a'], ['-stamp a'], ['read a']], budgets: {} },
  { there: ['file a'], players: [['both a a'], ['-unlink a', '-mkdir c']], budgets: {} },
  {
    there: [],
    players: [['-open a wx', '-link a c', '-mkdir d'], ['-open c wx'], ['!rmdir d', 'chmod a', 'stat c']],
    budgets: {},
  },
  // What is done through a link is done to its target; and a link may begin to lead somewhere.
  { there: ['symlink c a'], players: [['overwrite a'], ['stat c', 'read c']], budgets: {} },
  { there: ['symlink c a', 'link a b'], players: [['lstat b'], ['-open c wx', '-unlink a']], budgets: {} },
  {
    there: ['mkdir c', 'symlink c a'],
    players: [
      ['mkdir a/b', 'readdir c'],
      ['rmdir c/b', 'readdir a'],
    ],
    budgets: {},
  },
  {
    there: ['mkdir c'],
    players: [
      ['symlink c a', 'mkdir a/b'],
      ['readdir c', 'rmdir c/b'],
    ],
    budgets: {},
  },
  // A call that no player can notice may be the last before a death or an abort.
  { there: [], players: [['create a'], ['stat a']], budgets: { kills: 1 } },
  { there: [], players: [['-flush a'], ['-flush c', 'stat a']], budgets: { aborts: 1 } },
  { there: [], players: [['-flush a'], ['stat a']], budgets: { failures: 1 } },
  { there: [], players: [['-replace a c'], ['stat c']], budgets: { aborts: 1 } },
  // A close that fails empties the file, and others can notice that.
  { there: [], players: [['-create a'], ['read a', 'read a']], budgets: { failures: 1 } },
  // A directory that was opened is the same one under another name.
  { there: ['mkdir a'], players: [['readdir a'], ['rename a c', 'mkdir c/d']], budgets: { splitListings: true } },
  // What is in a directory when it is opened may be all that it shows.
  { there: ['mkdir a', 'file a/b'], players: [['rename a/b a/c'], ['readdir a']], budgets: { omissions: 1 } },
  { there: ['mkdir a'], players: [['readdir a'], ['mkdir a/b']], budgets: { kills: 1, splitListings: true } },
  // A path may leave a directory again, and that directory must exist.
  {
    there: [],
    players: [
      ['mkdir a', 'rmdir a'],
      ['mkdir a/..', 'stat a/../a'],
    ],
    budgets: {},
  },
]

/** One call by name, or a small task of several calls. */
function* act(line: string, dir: string, me: number): Steps<unknown> {
  const [task = '', first = '', second = ''] = line.split(' ')
  const [one, two] = [join(dir, first), join(dir, second)]
  switch (task) {
    case 'stat': {
      const { nlink, size, mode, uid } = yield* fs.stat(one)
      return [nlink, size, mode, uid]
    }
    case 'create':
    case 'overwrite': {
      const fd = yield* fs.open(one, task === 'create' ? 'wx' : 'w')
      try {
        return yield* fs.write(fd, Buffer.from(`${me}${me}`))
      } finally {
        yield* fs.close(fd)
      }
    }
    case 'flush': {
      const fd = yield* fs.open(one, 'wx')
      yield* fs.fsync(fd)
      return yield* fs.close(fd)
    }
    case 'replace': {
      const fd = yield* fs.open(one, 'wx')
      return (yield* together([fs.rename(one, two), fs.close(fd)])).map(codeOf)
    }
    case 'read':
      return String(yield* fs.readFile(one))
    case 'look': {
      const fd = yield* fs.open(one, 'r')
      const { nlink, size, mode } = yield* fs.fstat(fd)
      return [nlink, size, mode, yield* content(fd)]
    }
    case 'stamp':
      return yield* fs.write(yield* fs.open(one, 'r+'), Buffer.from(`${me}`))
    case 'echo': {
      const fd = yield* fs.open(one, 'r+')
      return yield* fs.write(fd, Buffer.from(`${me}${yield* content(fd)}`))
    }
    case 'both':
      return (yield* together([fs.unlink(one), fs.mkdir(two)])).map(codeOf)
    case 'sleep':
      return yield* fs.sleep(10 + me)
    case 'now':
      return yield* fs.now()
    case 'when':
      return (yield* fs.lstat(one)).ctimeMs
    case 'since': {
      const fd = yield* fs.open(one, 'r')
      const stats = [yield* fs.fstat(fd), yield* fs.fstat(fd)]
      return stats.map(({ ctimeNs }) => ctimeNs)
    }
    case 'alive':
      return yield* fs.alive(`${first === 'thread' ? 'clock-' : ''}explored-${me === 0 ? 1 : 0}-0`)
    case 'poll': {
      for (let looks = 0; looks < 2; looks++) {
        if (yield* fs.lstat(one, { throwIfNoEntry: false })) return looks
        yield* fs.sleep(10)
      }
      return 'never'
    }
    case 'until': {
      const late = (yield* fs.now()) + 15
      for (;;) {
        try {
          return yield* fs.mkdir(one)
        } catch (error) {
          if ((yield* fs.now()) >= late) throw error
          yield* fs.sleep(10)
        }
      }
    }
    default:
      return yield* callOf(line, dir)
  }
}

const codeOf = (outcome: object): string | undefined =>
  'error' in outcome ? (outcome.error as NodeJS.ErrnoException).code : 'ok'

function* content(fd: number): Steps<string> {
  const into = Buffer.alloc(8)
  return into.toString('latin1', 0, yield* fs.read(fd, into, 0))
}

function* player(lines: readonly string[], dir: string, me: number): Steps<unknown> {
  const said: unknown[] = []
  for (const line of lines) {
    const [, how, rest = ''] = /^([-!]?)(.*)$/.exec(line) as string[] as [string, string, string]
    try {
      const answer = yield* act(rest, dir, me)
      if (how !== '-') said.push(answer)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (how === '!') throw error
      if (how !== '-') said.push(code)
      if (code === 'ABORT_ERR') break
    }
  }
  // A value that JSON cannot spell: two endings must not be taken for one because they are spelt alike.
  return new Map(Object.entries(said))
}

/** Everything that is there, with inodes numbered in the order in which they are seen. */
function treeOf(dir: string, seen: bigint[] = []): string {
  const entries = readdirSync(dir).map(name => {
    const path = join(dir, name)
    const stats = lstatSync(path, { bigint: true })
    if (!seen.includes(stats.ino)) seen.push(stats.ino)
    const what = stats.isDirectory()
      ? `{${treeOf(path, seen)}}`
      : stats.isSymbolicLink()
        ? readlinkSync(path)
        : readFileSync(path, 'latin1')
    return `${name}#${seen.indexOf(stats.ino)} ${stats.mode} ${stats.uid} ${what}`
  })
  return entries.join(', ')
}

/** All endings that are found, and how many schedules that took. */
function endingsOf({ there, players, budgets }: Program, options: ExploreOptions) {
  const endings = new Set<string>()
  const found = explore(
    {
      ...budgets,
      setup: dir => setUp(dir, there),
      players: dir => Object.fromEntries(players.map((lines, me) => [`P${me}`, player(lines, dir, me)])),
      check({ dir, outcomes }) {
        const ends = Object.values(outcomes).map(end => (end.how === 'threw' ? `${end.error} ${end.injected}` : end))
        endings.add(`${inspect(ends, { depth: null })} ${treeOf(dir)}`.replaceAll(dir, ''))
      },
    },
    options,
  )
  return { endings, ...found }
}

const seed = Number(process.env.SEED ?? 1)
const count = Number(process.env.PROGRAMS ?? sized(180, 10_000))

interface Case {
  readonly what: string
  readonly program: Program
  readonly endings: ReadonlySet<string>
}

const cases: Case[] = []
const price = { none: 0, sleep: 0, hash: 0, both: 0 }

const differ = (some: ReadonlySet<string>, all: ReadonlySet<string>): string | undefined =>
  [...all].find(one => !some.has(one)) ?? [...some].find(one => !all.has(one))

explored('in full and with every reduction, programs come to the same endings', () => {
  const random = Array.from({ length: count }, (_, at) => ({
    what: `seed ${seed + at}`,
    program: programOf(seed + at),
  }))
  let large = 0
  for (const { what, program } of [...knownTraps.map(program => ({ what: 'a known trap', program })), ...random]) {
    const full = endingsOf(program, { reduction: 'none', maxSchedules: 600 })
    if (!full.complete) {
      large++
      continue
    }
    cases.push({ what, program, endings: full.endings })
    price.none += full.schedules
    for (const reduction of ['sleep', 'hash', 'both'] as const) {
      const { endings, complete, schedules, pruned } = endingsOf(program, { reduction })
      price[reduction] += schedules + pruned
      const other = differ(endings, full.endings)
      const where = () => `${what}, reduction '${reduction}': ${JSON.stringify(program)}\n${other}`
      assert.ok(complete && other === undefined, where())
    }
  }
  const prices = Object.entries(price).map(([reduction, schedules]) => `${schedules} ${reduction}`)
  note(`${cases.length} programs (${large} were too large): schedules ${prices.join(', ')}`)
  assert.ok(large < count / 5 && price.both * 4 < price.none, 'the reductions leave out too little')
})

explored('within a bound of preemptions, too', () => {
  for (const { what, program } of cases.slice(0, 60)) {
    const [full, some] = (['none', 'both'] as const).map(reduction => endingsOf(program, { preemptions: 1, reduction }))
    const other = differ(some?.endings ?? new Set(), full?.endings ?? new Set())
    assert.is(other, undefined, `${what}: ${JSON.stringify(program)}\n${other}`)
  }
})

for (const [name, relation] of Object.entries(wrongOnSchedules)) {
  explored(`a relation is found out in which ${name}`, () => {
    const found = cases.find(({ program, endings }) =>
      differ(endingsOf(program, { reduction: 'sleep', ...relation }).endings, endings),
    )
    note(`${name}: ${found ? `${found.what}, ${JSON.stringify(found.program)}` : 'not found out'}`)
    assert.ok(found)
  })
}
