import { spawnSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { emptyDir, type MoveOptions, move, remove } from 'holdfast'
import { type Call, dual, fs, hasCode, type SingleCall, type Steps } from 'holdfast/steps'
import type { ExploreOptions, World } from 'holdfast/testing'
import { door } from '../lib/core/disk.js'
import { linkThenUnlink, lookThenRename, removeThenRename, renameAside } from './broken/broken.js'
import { abortedAt, caseless, failingAt, through } from './broken/interfere.js'
import { judgeRivals } from './move/winners.js'
import { deadPid } from './support/dead-owner.js'
import {
  assert,
  caught,
  explored,
  holds,
  nobodyElseThrew,
  nobodyThrew,
  prove,
  proveLarge,
  scratch,
  sized,
} from './support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertRefusesBadInput,
  assertSyncAndAsyncAgree,
  type Trial,
} from './support/laws.js'
import { type Kind, kinds, make, plant, read, told } from './support/planted.js'
import { privateNames } from './support/trees.js'

/** This process as owner, as private names spell it. */
const self = () => door.performSync({ op: 'self', args: [] }) as string

const quick = { durability: 'none' } as const
type Way = (from: string, to: string, options: MoveOptions) => Steps<unknown>
interface Play {
  readonly kind: Kind
  readonly options?: MoveOptions
  readonly way?: Way
}
type Faults = Pick<World, 'kills' | 'lies' | 'failures' | 'aborts' | 'failIn' | 'failWith'>

/** Each player has a thing of its own, `A` with `AA` in it, and moves it to one name for all. */
function rivals(names: readonly string[], { kind, options, way = move.steps }: Play, faults: Faults = {}): World {
  const go = (dir: string, name: string) => way(join(dir, name), join(dir, 'target'), { ...quick, ...options })
  const check: World['check'] = ending => {
    const { there, returned, winners } = judgeRivals(ending, names)
    // If the reply to a claim was lost, the empty directory cannot be attributed to any player.
    const unclaimed = kind === 'directory' && there === 'empty' && faults.lies
    if (returned.length === names.length) assert.ok(winners.length === 1 || unclaimed, 'no winner')
    if (!faults.kills && !faults.failures) assert.equal(privateNames(ending.dir), [], 'debris')
  }
  return {
    ...faults,
    setup: dir => {
      for (const name of names) make(join(dir, name), name + name, kind)
    },
    players: dir => Object.fromEntries(names.map(name => [name, go(dir, name)])),
    check,
  }
}

/** All players move one source, each to its own target; two players may have the same target. */
function takers(
  targets: Record<string, string>,
  { kind, options, way = move.steps }: Play,
  faults: Faults = {},
): World {
  const names = Object.keys(targets)
  const targetOf = (name: string) => targets[name] ?? ''
  const go = (dir: string, name: string) =>
    way(join(dir, 'source'), join(dir, targetOf(name)), { ...quick, ...options })
  const check: World['check'] = ending => {
    const all = new Set(['source', ...Object.values(targets)])
    const there = [...all].filter(name => read(join(ending.dir, name)) === 'whole')
    assert.ok(there.length > 0, 'lost')
    const winners = names.filter(name => (ending.outcomes[name] as { value?: unknown }).value === true)
    for (const name of winners) assert.ok(there.includes(targetOf(name)), `${name} has it not`)
    // Where a reply may be lost, a rename that replaces something leaves no evidence of who has made it.
    const isEvident = !options?.overwrite || !faults.lies
    assert.ok((isEvident ? winners.length : new Set(winners.map(targetOf)).size) <= 1, `${winners.length} winners`)
    for (const [name, outcome] of Object.entries(ending.outcomes))
      if (outcome.how === 'threw' && !outcome.injected)
        assert.is((outcome.error as NodeJS.ErrnoException).code, 'ENOENT', `${name} threw ${outcome.error}`)
    if (Object.keys(faults).length > 0) return
    assert.ok(winners.length > 0, 'nobody got it')
    assert.is(there.length, 1, `it is at ${there}`)
    assert.equal(privateNames(ending.dir), [], 'debris')
  }
  return {
    ...faults,
    setup: dir => make(join(dir, 'source'), 'whole', kind),
    players: dir => Object.fromEntries(names.map(name => [name, go(dir, name)])),
    check,
  }
}

/** Reads the target twice; returns what it saw. */
function* reader(dir: string): Steps<(string | undefined)[]> {
  const saw: (string | undefined)[] = []
  for (let i = 0; i < 2; i++) {
    try {
      saw.push((yield* fs.readFile(join(dir, 'target'))).toString())
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      saw.push(undefined)
    }
  }
  return saw
}

/** Each player replaces the target, while a reader looks on. */
const replacers = (way: Way, faults: Faults = {}): World => ({
  ...faults,
  setup: dir => {
    for (const name of ['A', 'B']) make(join(dir, name), name + name, 'file')
    make(join(dir, 'target'), 'old', 'file')
  },
  players: dir =>
    Object.fromEntries(
      ['A', 'B'].map(name => [name, way(join(dir, name), join(dir, 'target'), { ...quick, overwrite: true })]),
    ),
  adversaries: dir => ({ reader: reader(dir) }),
  check: ending => {
    const { reader: watcher, ...movers } = ending.outcomes
    for (const saw of (watcher as { value: unknown[] }).value)
      assert.ok(['old', 'AA', 'BB'].includes(saw as string), `the reader saw ${saw ?? 'nothing'}`)
    for (const [name, outcome] of Object.entries(movers)) {
      if (outcome.how === 'returned') assert.is(read(join(ending.dir, name)), undefined, `${name} is still there`)
      // As with `emplace`: the reply was lost, and the target has been replaced since.
      if (outcome.how === 'threw' && !outcome.injected) throw new Error(`${name} threw ${outcome.error}`)
    }
    assert.match(read(join(ending.dir, 'target')) ?? '', /^(old|AA|BB)$/)
  },
})

/** The players replace a directory that is not empty, with a gap. */
const gapMovers = (names: readonly string[], faults: Faults = {}): World => ({
  ...faults,
  setup: dir => {
    for (const name of [...names, 'target']) make(join(dir, name), name + name, 'directory')
  },
  players: dir =>
    Object.fromEntries(
      names.map(name => [
        name,
        move.steps(join(dir, name), join(dir, 'target'), { ...quick, overwrite: 'with-gap', concurrency: 1 }),
      ]),
    ),
  check: ending => {
    // As with `emplace`: the reply was lost, and the target has been replaced since.
    if (faults.failures || faults.lies) nobodyElseThrew(ending)
    else nobodyThrew(ending)
    const there = read(join(ending.dir, 'target'))
    const killed = Object.values(ending.outcomes).some(({ how }) => how === 'killed')
    const moved = names.filter(name => read(join(ending.dir, name)) === undefined)
    for (const name of names) {
      const { how } = ending.outcomes[name] as { how: string }
      if (how === 'returned') assert.ok(moved.includes(name), `${name} is still there`)
      if (how === 'threw' && !moved.includes(name)) assert.is(read(join(ending.dir, name)), name + name)
    }
    const wholes = [...moved.map(name => name + name), ...(moved.length === 0 ? ['targettarget'] : [])]
    // A player that is killed in the gap leaves the gap.
    assert.ok(wholes.includes(there as string) || (killed && there === undefined), `${there} is there, of ${moved}`)
    if (!killed && !faults.failures) assert.equal(privateNames(ending.dir), [], 'debris')
    const kept = readdirSync(ending.dir).filter(name => name.includes('.set-aside-'))
    if (Object.keys(faults).length === 0) assert.equal(kept, [], 'what was replaced is still there')
  },
})

const at = (dir: string) => (name: string) => join(dir, name)

for (const kind of kinds)
  holds(`a ${kind} gets a fresh name, the very inode, and the source is gone`, async () => {
    const dir = scratch()
    const own = at(dir)
    make(own('a'), 'text', kind)
    const { ino } = lstatSync(own('a'))
    assert.is(await move(own('a'), own('b')), true)
    assert.is(move.sync(own('b'), own('c'), { overwrite: true, durability: 'full' }), true)
    assert.is(await move(pathToFileURL(own('c')), own('p/q/d'), { parents: true, durability: 'full' }), true)
    assert.is(read(own('p/q/d')), 'text')
    assert.is(lstatSync(own('p/q/d')).ino, ino)
    assert.equal(readdirSync(dir), ['p'])
  })

holds(
  'an empty directory and a full one, a link that leads nowhere, and what is no file, are moved as they are',
  async () => {
    const dir = scratch()
    const own = at(dir)
    mkdirSync(own('empty'))
    assert.is(await move(own('empty'), own('e')), true)
    assert.is(await move(plant(own('tree')), own('t')), true)
    assert.ok((told(own('t')) ?? []).length > 8)
    symlinkSync('no where', own('dangling'))
    assert.is(move.sync(own('dangling'), own('d')), true)
    if (process.platform !== 'win32') {
      spawnSync('mkfifo', [own('pipe')])
      assert.is(await move(own('pipe'), own('p')), true)
      assert.ok(lstatSync(own('p')).isFIFO())
    }
    assert.ok(!existsSync(own('dangling')) && readlinkSync(own('d')) === 'no where')
    await emptyDir(dir)
  },
)

holds('by default nothing is overwritten, whatever it is, and the source is left alone', async () => {
  const dir = scratch()
  const own = at(dir)
  for (const kind of kinds) make(own(`there-${kind}`), 'old', kind)
  mkdirSync(own('there-empty'))
  symlinkSync('there-directory', own('there-led'))
  for (const kind of kinds) make(own(kind), 'new', kind)
  const before = told(dir)
  for (const kind of kinds)
    for (const there of ['file', 'directory', 'link', 'empty', 'led'])
      for (const way of [move, move.sync])
        assert.is(await way(own(kind), own(`there-${there}`)), false, `${kind} onto ${there}`)
  assert.equal(told(dir)?.slice(1), before?.slice(1))
})

holds('with overwrite a file or a link takes the place of one, and a directory that of an empty one', async () => {
  const dir = scratch()
  const own = at(dir)
  mkdirSync(own('kept'))
  for (const kind of ['file', 'link'] as const)
    for (const there of ['file', 'link'] as const) {
      make(own('new'), 'new', kind)
      make(own('old'), there === 'link' ? 'kept' : 'old', there)
      assert.is(await move(own('new'), own('old'), { overwrite: true }), true)
      assert.is(read(own('old')), 'new')
      rmSync(own('old'))
    }
  make(own('new'), 'new', 'directory')
  mkdirSync(own('old'))
  assert.is(move.sync(own('new'), own('old'), { overwrite: true }), true)
  assert.is(read(own('old')), 'new')
  assert.equal(readdirSync(dir).sort(), ['kept', 'old'])
})

holds('what cannot be replaced at once is an error, and nothing is done', async () => {
  const dir = scratch()
  const own = at(dir)
  for (const kind of kinds) make(own(kind), kind, kind)
  make(own('full'), 'old', 'directory')
  mkdirSync(own('empty'))
  const before = told(dir)
  const refused = async (from: string, to: string, message: RegExp) =>
    assert.rejects(move(own(from), own(to), { overwrite: true }), { message })
  await refused('directory', 'full', /^(ENOTEMPTY|EEXIST)/)
  await refused('directory', 'file', /^ENOTDIR/)
  await refused('directory', 'link', /^ENOTDIR/)
  await refused('file', 'empty', /^EISDIR/)
  await refused('link', 'full', /^EISDIR/)
  assert.equal(told(dir), before)
})

holds('with a gap everything is replaced, and nothing of the old is left', async () => {
  const dir = scratch()
  const own = at(dir)
  const told: unknown[] = []
  const onProgress = (progress: unknown) => told.push(progress)
  for (const kind of kinds)
    for (const there of ['file', 'directory', 'link', 'tree', 'empty', 'nothing'] as const) {
      make(own('new'), 'new', kind)
      if (there === 'tree') plant(own('old'))
      else if (there === 'empty') mkdirSync(own('old'))
      else if (there !== 'nothing') make(own('old'), 'old', there)
      const way = there === 'tree' ? move : move.sync
      assert.is(await way(own('new'), own('old'), { overwrite: 'with-gap', onProgress }), true)
      assert.is(read(own('old')), 'new', `${kind} in the place of ${there}`)
      assert.equal(readdirSync(dir), ['old'])
      await remove(own('old'))
    }
  // Nothing was copied, and each was one thing.
  const one = { done: 1, total: 1, bytes: 0, totalBytes: undefined, path: own('new') }
  assert.equal(told, Array(18).fill(one))
})

holds('with a gap, too: a source that is in the target is not put aside with it', async () => {
  const dir = scratch()
  const own = at(dir)
  for (const kind of kinds) {
    mkdirSync(own('target'))
    make(own('target/source'), 'text', kind)
    const before = told(dir)
    // POSIX allows either error.
    const message = /^(ENOTEMPTY|EEXIST|EISDIR)/
    await assert.rejects(move(own('target/source'), own('target'), { overwrite: 'with-gap' }), { message })
    assert.equal(told(dir), before)
    rmSync(own('target'), { recursive: true })
  }
})

for (const [kind, there] of [
  ['directory', 'directory'],
  ['directory', 'file'],
  ['file', 'directory'],
  ['link', 'directory'],
  ['directory', 'link'],
] as const)
  holds(`with a gap, a ${kind} onto a ${there}: what fails at any call leaves the old or the new`, async () => {
    const play = () => {
      const dir = scratch()
      make(join(dir, 'new'), 'new', kind)
      make(join(dir, 'old'), 'old', there)
      return { dir, steps: move.steps(join(dir, 'new'), join(dir, 'old'), { overwrite: 'with-gap' }) }
    }
    const seen = { old: 0, new: 0 }
    for (const get of [failingAt, abortedAt])
      for (let k = 0; ; k++) {
        const { dir, steps } = play()
        const { value, error, came } = await get<boolean>(k, steps)
        const [source, target] = [read(join(dir, 'new')), read(join(dir, 'old'))]
        const where = `${get.name} ${k}: ${error ?? value}`
        if (target === 'old') assert.ok(source === 'new' && error !== undefined, where)
        else assert.ok(target === 'new' && source === undefined, `${where}: ${source}, ${target}`)
        seen[target]++
        if (get === abortedAt) assert.equal(privateNames(dir), [], where)
        if (!came) break
      }
    assert.ok(seen.old > 4 && seen.new > 4, JSON.stringify(seen))
  })

holds('onto itself, however that is spelt, it is refused, and nothing is lost', async () => {
  const dir = scratch()
  const own = at(dir)
  symlinkSync('.', own('here'))
  for (const kind of kinds) {
    make(own(kind), 'text', kind)
    const { ino } = lstatSync(own(kind))
    const spellings = [
      own(kind),
      `${dir}/./${kind}`,
      `${dir}//${kind}`,
      own(`here/${kind}`),
      `${dir}/here/../${basename(dir)}/${kind}`,
    ]
    for (const overwrite of [false, true, 'with-gap'] as const)
      for (const one of spellings)
        for (const other of spellings) {
          await assert.rejects(move(one, other, { overwrite }), { code: 'EINVAL', message: /one name/ })
          assert.is(lstatSync(own(kind)).ino, ino, `${one} -> ${other}`)
        }
    assert.is(read(own(kind)), 'text')
  }
  assert.equal(readdirSync(dir).sort(), [...kinds, 'here'].sort())
})

holds('two names of one inode become one', async () => {
  const dir = scratch()
  const own = at(dir)
  for (const overwrite of [false, true, 'with-gap'] as const) {
    writeFileSync(own('a'), 'text')
    linkSync(own('a'), own('b'))
    assert.is(await move(own('a'), own('b'), { overwrite }), true)
    assert.equal(readdirSync(dir), ['b'])
    rmSync(own('b'))
  }
})

const respelt = (dir: string, run: (from: string, to: string, options: MoveOptions) => unknown) => {
  for (const kind of kinds)
    for (const overwrite of [false, true]) {
      make(join(dir, 'readme'), 'text', kind)
      make(join(dir, 'other'), 'other', kind)
      assert.is(run(join(dir, 'readme'), join(dir, 'README'), { overwrite }), true)
      assert.is(run(join(dir, 'ReadMe'), join(dir, 'readME'), { overwrite }), true)
      assert.equal(readdirSync(dir).sort(), ['other', 'readME'])
      assert.is(read(join(dir, 'readME')), 'text')
      if (!overwrite) assert.is(run(join(dir, 'README'), join(dir, 'OTHER'), {}), false)
      for (const name of ['readME', 'other']) rmSync(join(dir, name), { recursive: true })
    }
}
holds('what another, who lives, is moving to the same name just now is waited for', async () => {
  const dir = scratch()
  const own = at(dir)
  writeFileSync(own('a'), 'text')
  linkSync(own('a'), own('b'))
  const nobody = `${self().split('-')[0]}-${deadPid().toString(36)}-0`
  const mark = own(`.b.${self()}.0123456789abcdef.holdfast`)
  linkSync(own('a'), mark)
  linkSync(own('a'), own(`.b.${nobody}.0123456789abcdef.holdfast`))
  await assert.rejects(move(own('a'), own('b'), { retryFor: 20 }), { code: 'EAGAIN' })
  const waiting = move(own('a'), own('b'))
  rmSync(mark)
  // Of the two names and what the dead process had begun, one name is left.
  assert.is(await waiting, true)
  assert.ok(!existsSync(own('a')) && existsSync(own('b')))
})

holds('where case does not count, another spelling of its own name is a new spelling', () => {
  const dir = scratch()
  respelt(dir, (from, to, options) => dual(() => caseless(dir, move.steps(from, to, options))).sync())
})
const here = scratch()
const counts = !existsSync(join(dirname(here), basename(here).toUpperCase()))
if (counts) holds.skip('the same on a real disk', 'case counts on this one')
else holds('the same on a real disk', () => respelt(scratch(), move.sync))

holds('a directory into itself is an error before anything is done, by whatever way', async () => {
  const dir = scratch()
  const own = at(dir)
  mkdirSync(own('a/b'), { recursive: true })
  symlinkSync('a/b', own('link'))
  symlinkSync(own('a'), own('whole'))
  const before = told(dir)
  const targets = [
    'a/x',
    'a/b/x',
    'a/none/x',
    'a/none/at/all',
    'link/x',
    'link/none/x',
    'whole/x',
    'whole/b/../y',
    './a/x',
    'none/../a/x',
  ]
  for (const overwrite of [false, true, 'with-gap'] as const)
    for (const parents of [false, true])
      for (const target of targets)
        await assert.rejects(move(own('a'), `${dir}/${target}`, { overwrite, parents }), { code: 'EINVAL' })
  assert.throws(() => move.sync(own('a'), own('a/b/c/d'), { parents: true }), { code: 'EINVAL' })
  assert.equal(told(dir), before)
  // A name that begins with the same letters is not inside it.
  assert.is(await move(own('a'), own('ab/x'), { parents: true }), true)
})

holds('a link to a directory is moved itself, also with a slash at its end', async () => {
  const dir = scratch()
  const own = at(dir)
  make(own('real'), 'text', 'directory')
  symlinkSync('real', own('link'))
  assert.is(await move(`${own('link')}/`, own('moved')), true)
  assert.is(readlinkSync(own('moved')), 'real')
  assert.is(await move(`${own('real')}//`, own('there/')), true)
  assert.equal(readdirSync(dir).sort(), ['moved', 'there'])
})

holds('private names are made where the target is in truth', async () => {
  const dir = scratch()
  const own = at(dir)
  mkdirSync(own('far/away'), { recursive: true })
  symlinkSync('far/away', own('link'))
  writeFileSync(own('a'), 'a')
  const made: string[] = []
  const watch = (call: Call) => {
    if (call.op === 'link') made.push(String(call.args[1]))
    return call
  }
  assert.is(dual(() => through(move.steps(own('a'), `${dir}/link/../b`), watch)).sync(), true)
  assert.is(read(own('far/b')), 'a')
  assert.ok(made.length > 0 && made.every(path => path.startsWith(`${dir}/link/../`)), String(made))
})

holds(
  'a rename into a gap that is done and reports an error: that error comes out, and says where everything is',
  async () => {
    const dir = scratch()
    const own = (name: string) => join(dir, name)
    writeFileSync(own('source'), 'new')
    mkdirSync(own('target'))
    writeFileSync(own('target/old'), 'old')
    const failure = Object.assign(new Error('EIO'), { code: 'EIO', errno: -5, syscall: 'rename' })
    const watch = (call: Call): Call => {
      if (call.op !== 'rename' || call.args[0] !== own('source') || existsSync(own('target'))) return call
      door.performSync(call as SingleCall)
      throw failure
    }
    const moving = dual(() => through(move.steps(own('source'), own('target'), { overwrite: 'with-gap' }), watch))
    assert.is(await moving().catch(error => error), failure)
    assert.match(failure.message, /another call has moved it there/)
    const [, aside = ''] = /is at '([^']+)' now/.exec(failure.message) ?? []
    assert.is(readFileSync(own('target'), 'utf8'), 'new')
    assert.is(readFileSync(join(aside, 'old'), 'utf8'), 'old')
  },
)

holds('what is missing is an error, and nothing is made', async () => {
  const dir = scratch()
  const own = at(dir)
  writeFileSync(own('file'), '')
  mkdirSync(own('dir'))
  symlinkSync('nowhere', own('dangling'))
  const before = told(dir)
  for (const overwrite of [false, true, 'with-gap'] as const)
    for (const parents of [false, true]) {
      await assert.rejects(move(own('none'), own('p/x'), { overwrite, parents }), { code: 'ENOENT' })
      await assert.rejects(move(own('none'), own('file'), { overwrite, parents }), { code: 'ENOENT' })
      for (const source of ['file', 'dir']) {
        const code = parents ? 'EEXIST' : 'ENOENT'
        await assert.rejects(move(own(source), own('dangling/x'), { overwrite, parents }), { code })
        await assert.rejects(move(own(source), own('file/x'), { overwrite, parents }), { code: 'ENOTDIR' })
        if (!parents) await assert.rejects(move(own(source), own('p/x'), { overwrite }), { code: 'ENOENT' })
      }
    }
  assert.equal(told(dir), before)
})

holds('bad input is refused before anything is done', async () => {
  const dir = scratch()
  const own = at(dir)
  writeFileSync(own('a'), '')
  const before = told(dir)
  await assertRefusesBadInput(move, dir, [
    [['', own('x')], 'ERR_INVALID_ARG_VALUE'],
    [[own('a'), 'a\0b'], 'ERR_INVALID_ARG_VALUE'],
    [['/', own('x')], 'ERR_INVALID_ARG_VALUE'],
    [[`${dir}/.`, own('x')], 'ERR_INVALID_ARG_VALUE'],
    [[`${dir}/..`, own('x')], 'ERR_INVALID_ARG_VALUE'],
    [[5, own('x')], 'ERR_INVALID_ARG_TYPE'],
    [[own('a'), null], 'ERR_INVALID_ARG_TYPE'],
    [[own('a'), own('x'), 5], 'ERR_INVALID_ARG_TYPE'],
    [[own('a'), own('x'), { overwrite: 'yes' }], 'ERR_INVALID_ARG_VALUE'],
    [[own('a'), own('x'), { durability: 'very' }], 'ERR_INVALID_ARG_VALUE'],
    [[own('a'), own('x'), { parents: 1 }], 'ERR_INVALID_ARG_TYPE'],
    [[own('a'), own('x'), { onProgress: 1 }], 'ERR_INVALID_ARG_TYPE'],
    [[own('a'), own('x'), { concurrency: 0 }], 'ERR_OUT_OF_RANGE'],
    [[own('a'), own('x'), { signal: 1 }], 'ERR_INVALID_ARG_TYPE'],
    [[own('a'), own('x'), { retryFor: -1 }], 'ERR_OUT_OF_RANGE'],
    [[own('a'), ''], 'ERR_INVALID_ARG_VALUE'],
  ])
  await assert.rejects(move(own('a'), own('x'), { signal: AbortSignal.abort('why') }), { code: 'ABORT_ERR' })
  assert.equal(told(dir), before)
})

for (const kind of kinds) {
  const trial: Trial<[string, string, MoveOptions?], boolean> = {
    setup: dir => make(join(dir, 'source'), 'text', kind),
    args: dir => [join(dir, 'source'), join(dir, 'target'), { durability: 'full' }],
    done: (dir, moved) => {
      assert.ok(moved && read(join(dir, 'target')) === 'text')
      assert.is(read(join(dir, 'source')), undefined)
    },
  }
  const onto = (overwrite: NonNullable<MoveOptions['overwrite']>): typeof trial => ({
    ...trial,
    setup: dir => {
      trial.setup?.(dir)
      make(join(dir, 'target'), 'other', kind)
    },
    args: dir => [join(dir, 'source'), join(dir, 'target'), { overwrite }],
  })

  holds(`a ${kind}: whichever call fails, its error comes out, or what is promised holds`, async () => {
    await assertOriginalErrorComesOut(move, trial)
    await assertOriginalErrorComesOut(move, onto('with-gap'))
  })

  holds(`a ${kind}: both forms come to the same`, () =>
    assertSyncAndAsyncAgree(move, trial, onto(false), onto(true), onto('with-gap')),
  )

  holds(`a ${kind}: whatever fails or is stopped leaves nothing private behind`, async () => {
    await assertNothingLeftBehind(move, trial)
    await assertNothingLeftBehind(move, onto('with-gap'))
  })
}

for (const kind of kinds) {
  explored(`explore: two, and three, move a ${kind} of their own to one name: one wins`, () => {
    // Of directories the claim of a player that was killed, or whose reply was lost, is removed by the other.
    const isClaimed = kind === 'directory'
    const world = rivals(['A', 'B'], { kind }, { kills: 1, lies: 1 })
    const three = rivals(['A', 'B', 'C'], { kind })
    if (isClaimed) {
      prove(`2 rivals, ${kind}, 1 kill, 1 lie`, world, { preemptions: sized(1, 2) })
      prove(`3 rivals, ${kind}`, three, { preemptions: sized(1, 2) })
    } else {
      proveLarge(`2 rivals, ${kind}, 1 kill, 1 lie`, world, 1)
      proveLarge(`3 rivals, ${kind}`, three, 1)
    }
  })
  explored(`explore catches: look whether it is there, and rename a ${kind}`, () => {
    caught(`look, then rename a ${kind}`, /is lost|ENOTEMPTY/, rivals(['A', 'B'], { kind, way: lookThenRename.steps }))
  })
}
explored('explore: three move directories of their own to one name, with a kill and a lie', () => {
  const world = rivals(['A', 'B', 'C'], { kind: 'directory' }, { kills: 1, lies: 1 })
  prove(
    '3 directories, 1 kill, 1 lie',
    world,
    sized<ExploreOptions>({ random: { schedules: 1500 } }, { preemptions: 0 }),
  )
})

explored('explore: a file, a link and a directory, moved to one name', () => {
  const mixed: World = {
    ...rivals(['A', 'B', 'C'], { kind: 'file' }),
    setup: dir => {
      make(join(dir, 'A'), 'AA', 'file')
      make(join(dir, 'B'), 'BB', 'directory')
      make(join(dir, 'C'), 'CC', 'link')
    },
  }
  prove('a file, a directory, a link', mixed, { preemptions: sized(1, 2) })
})

for (const kind of ['file', 'directory'] as const)
  explored(`explore: one ${kind} that several take: one gets it, the others are told that it is gone`, () => {
    const [apart, one] = [
      { A: 'a', B: 'b' },
      { A: 'a', B: 'a' },
    ]
    proveLarge(`2 take a ${kind}`, takers(apart, { kind }), 2)
    prove(`2 take a ${kind} to one name`, takers(one, { kind }), { preemptions: 2 })
    proveLarge(`2 take a ${kind}, 1 kill`, takers(apart, { kind }, { kills: 1 }), 1)
    const faults = { kills: 1, lies: 1 }
    prove(`2 take a ${kind}, 1 kill, 1 lie`, takers(apart, { kind }, faults), { preemptions: 1 })
    prove(`2 take a ${kind} to one name, 1 kill, 1 lie`, takers(one, { kind }, faults), { preemptions: 1 })
    const ofThree = { preemptions: sized(1, 2) }
    prove(`3 take a ${kind}`, takers({ ...apart, C: 'c' }, { kind }), ofThree)
    prove(`3 take a ${kind}, two of them to one name`, takers({ ...one, C: 'c' }, { kind }), ofThree)
    const overwrite = { kind, options: { overwrite: true } }
    proveLarge(`3 take a ${kind}, with overwrite`, takers({ ...apart, C: 'c' }, overwrite, faults), 1)
  })

explored('explore catches: a link, and then an unlink that another has done', () => {
  const world = takers({ A: 'a', B: 'b' }, { kind: 'file', way: linkThenUnlink.steps })
  caught('link, then unlink', /2 winners/, world)
})

explored('explore: who replaces a file leaves no moment without one', () => {
  assert.ok(prove('2 replace a file, 1 reader, 1 kill, 1 lie', replacers(move.steps, { kills: 1, lies: 1 })).complete)
  caught('remove, then rename', /saw nothing/, replacers(removeThenRename.steps))
  caught('aside, then rename', /saw nothing/, replacers(renameAside.steps))
})

explored('explore: with a gap, two onto a full directory: the last one is there, whole', () => {
  proveLarge('2 with a gap', gapMovers(['A', 'B']), 1)
  for (const [fault, faults] of Object.entries({ abort: { aborts: 1 }, failure: { failures: 1 }, kill: { kills: 1 } }))
    proveLarge(`2 with a gap, 1 ${fault}`, gapMovers(['A', 'B'], faults), 1)
  prove('2 with a gap, 1 lie', gapMovers(['A', 'B'], { lies: 1 }), { preemptions: 1 })
  assert.ok(prove('1 with a gap, 1 kill, 1 lie', gapMovers(['A'], { kills: 1, lies: 1 })).complete)
})

explored('explore: a failure or an abort at any call leaves a source or a target, and no private name', () => {
  for (const kind of kinds)
    for (const faults of [{ failures: 1 }, { aborts: 1 }]) {
      const world = rivals(['A', 'B'], { kind }, faults)
      const check: World['check'] = ending => {
        if (faults.failures) nobodyElseThrew(ending)
        else nobodyThrew(ending)
        const there = read(join(ending.dir, 'target'))
        for (const name of ['A', 'B']) {
          const source = read(join(ending.dir, name))
          assert.ok(source === name + name || there === name + name, `${name} is lost`)
          // A call that failed has done nothing.
          const { how } = ending.outcomes[name] as { how: string }
          if (how === 'threw' && faults.aborts) assert.is(source, name + name)
        }
        if (faults.aborts) assert.equal(privateNames(ending.dir), [], 'debris')
        if (faults.aborts) assert.is.not(there, 'empty', 'a claim is left')
      }
      assert.ok(prove(`2 ${kind} movers, 1 ${Object.keys(faults)}`, { ...world, check }).complete)
    }
})

explored('explore: a source that is removed or replaced meanwhile, and a target that is taken away', () => {
  function* rudely(...steps: Steps<unknown>[]): Steps<void> {
    for (const step of steps) {
      try {
        yield* step
      } catch {}
    }
  }
  const moving = (dir: string) => move.steps(join(dir, 'source'), join(dir, 'target'), { ...quick })
  for (const kind of ['file', 'directory'] as const) {
    const world = (adversary: (dir: string) => Steps<void>, check: World['check']): World => ({
      setup: dir => {
        make(join(dir, 'source'), 'one', kind)
        make(join(dir, 'other'), 'two', kind)
      },
      players: dir => ({ mover: moving(dir) }),
      adversaries: dir => ({ adversary: adversary(dir) }),
      check,
    })
    const aside = (dir: string) => rudely(fs.rename(join(dir, 'source'), join(dir, 'gone')))
    prove(
      `1 mover of a ${kind}, 1 who takes the source`,
      world(aside, ({ dir, outcomes }) => {
        const [target, gone] = [read(join(dir, 'target')), read(join(dir, 'gone'))]
        const { mover } = outcomes as unknown as { mover: { value?: unknown; error?: NodeJS.ErrnoException } }
        assert.ok((target === 'one') !== (gone === 'one'), `${target} and ${gone}`)
        assert.ok(mover.value === true ? target === 'one' : mover.error?.code === 'ENOENT', String(mover.error))
      }),
    )
    const replaced = (dir: string) =>
      rudely(fs.rename(join(dir, 'source'), join(dir, 'gone')), fs.rename(join(dir, 'other'), join(dir, 'source')))
    prove(
      `1 mover of a ${kind}, 1 who replaces the source`,
      world(replaced, ({ dir, outcomes }) => {
        const all = ['source', 'target', 'gone', 'other'].map(name => read(join(dir, name)))
        for (const one of ['one', 'two']) assert.is(all.filter(there => there === one).length, 1, `${one} of ${all}`)
        const { mover } = outcomes as unknown as { mover: { value?: unknown; error?: NodeJS.ErrnoException } }
        assert.ok(mover.value === true ? all[1] !== undefined : mover.error?.code === 'ENOENT', String(mover.error))
      }),
    )
    const thief = (dir: string) => rudely(fs.rename(join(dir, 'target'), join(dir, 'stolen')))
    prove(
      `1 mover of a ${kind}, 1 who takes the target`,
      world(thief, ({ dir, outcomes }) => {
        const all = ['source', 'target', 'stolen'].map(name => read(join(dir, name)))
        assert.ok(all.includes('one'), `lost: ${all}`)
        assert.is((outcomes.mover as { value?: unknown }).value, true)
      }),
    )
  }
})
