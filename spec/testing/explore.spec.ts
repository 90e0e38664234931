// The explorer reports truly what it explored, what it did not, and what it found. That it leaves out nothing it must
// not is shown in ./explore/independence.spec.ts and ./explore/reduction.spec.ts.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cell, mkdirp } from 'holdfast'
import { fs, hasCode, type Outcome, type Steps, together } from 'holdfast/steps'
import { BadEnding, type ExploreOptions, explore, type World } from 'holdfast/testing'
import { unwrap } from '../../lib/core/steps.js'
import { checkThenMkdir, openThenWrite } from '../broken/broken.js'
import { assert, explored, memory, note, scratch } from '../support/kit.js'
import { callOf, setUp } from '../support/lines.js'

// A directory of its own, because other processes explore on this machine too, and leftovers must be found.
const place = scratch(memory)
process.env.HOLDFAST_SCRATCH = place
const clean = () => assert.equal(readdirSync(place), [], 'something was left behind')

type Players = Record<string, (dir: string) => Steps<unknown>>

interface Small extends Partial<Omit<World, 'players' | 'adversaries'>> {
  readonly there?: readonly string[]
  readonly players: Players
  readonly adversaries?: Players
}

const begin = (players: Players, dir: string) =>
  Object.fromEntries(Object.entries(players).map(([name, steps]) => [name, steps(dir)]))

const worldOf = ({ there = [], players, adversaries = {}, check = () => {}, ...budgets }: Small): World => ({
  setup: dir => setUp(dir, there),
  ...budgets,
  players: dir => begin(players, dir),
  adversaries: dir => begin(adversaries, dir),
  check,
})

/** Explores; returns every ending, such as `A ok, B EEXIST`, with a `*` for an injected fault. */
function endingsOf(small: Small, options?: ExploreOptions) {
  const all: string[] = []
  const check: World['check'] = ending => {
    const said = Object.entries(ending.outcomes).map(([name, end]) => {
      if (end.how === 'returned') return `${name} ${end.value ?? 'ok'}`
      return end.how === 'killed' ? `${name} killed` : `${name} ${codeOf(end.error)}${end.injected ? '*' : ''}`
    })
    all.push(said.join(', '))
    small.check?.(ending)
  }
  const found = explore(worldOf({ ...small, check }), options)
  clean()
  return { ...found, all, endings: [...new Set(all)].sort() }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)

/** Performs the lines, one call each, until one throws. */
const calls =
  (...lines: string[]) =>
  (dir: string): Steps<void> =>
    inTurn(lines, dir)

function* inTurn(lines: readonly string[], dir: string): Steps<void> {
  for (const line of lines) yield* callOf(line, dir)
}

/** Returns what the steps return, or what they threw. */
const telling = (steps: (dir: string) => Steps<unknown>) =>
  function* (dir: string): Steps<unknown> {
    try {
      return (yield* steps(dir)) ?? 'ok'
    } catch (error) {
      return `caught ${codeOf(error)}`
    }
  }

function bad(world: World, options?: ExploreOptions): BadEnding {
  let ending: unknown
  try {
    explore(world, options)
  } catch (error) {
    ending = error
  }
  clean()
  assert.instance(ending, BadEnding)
  return ending as BadEnding
}

const nobodyThrows: World['check'] = ({ outcomes }) => {
  for (const [name, end] of Object.entries(outcomes))
    if (end.how === 'threw') throw new Error(`${name} threw ${codeOf(end.error)}`)
}

const naive = worldOf({
  players: { A: dir => checkThenMkdir.steps(join(dir, 'a')), B: dir => checkThenMkdir.steps(join(dir, 'a')) },
  check: nobodyThrows,
})

explored('a small world is explored to its end, and in full every order is there once', () => {
  const two = { A: calls('mkdir a', 'rmdir a'), B: calls('mkdir b', 'rmdir b') }
  const full = endingsOf({ players: two }, { reduction: 'none' })
  assert.ok(full.complete && full.bound === undefined)
  assert.is(full.schedules, 6)
  assert.is(full.steps, 24)
  assert.is(endingsOf({ players: { ...two, C: calls('mkdir c', 'rmdir c') } }, { reduction: 'none' }).schedules, 90)
  // These calls are independent, so one order stands for all.
  assert.is(endingsOf({ players: two }).schedules, 1)
  const one = endingsOf({ players: { A: calls('mkdir a'), B: calls('mkdir a') } })
  assert.equal(one.endings, ['A EEXIST, B ok', 'A ok, B EEXIST'])
  assert.equal([...one.failed], [['mkdir EEXIST', 2]])
})

explored('what bounds it is said, and then it is not complete', () => {
  const players = { A: calls('mkdir a', 'rmdir a', 'mkdir a'), B: calls('mkdir a', 'rmdir a', 'mkdir a') }
  const bounds: [ExploreOptions, string][] = [
    [{ maxSchedules: 3 }, '3 schedules'],
    [{ maxMs: 0 }, '0 ms'],
    [{ maxSteps: 4 }, 'a schedule of more than 4 steps'],
    [{ preemptions: 1 }, 'at most 1 preemptions'],
    [{ preemptions: 1, maxSchedules: 3 }, 'at most 1 preemptions; 3 schedules'],
    [{ random: { schedules: 3, seed: 7 } }, '3 random schedules, seed 7'],
    [{ random: { schedules: 3, seed: 7 }, maxSteps: 2 }, '3 random schedules, seed 7; a schedule of more than 2 steps'],
  ]
  for (const [options, bound] of bounds) {
    const found = endingsOf({ players }, options)
    assert.is(found.bound, bound)
    assert.not(found.complete)
  }
  assert.ok(endingsOf({ players }).complete)
})

explored('who sleeps for ever comes to no ending, and that is said', () => {
  for (const ms of [0, 1]) {
    function* forEver(): Steps<void> {
      for (;;) yield* fs.sleep(ms)
    }
    const found = endingsOf({ players: { A: forEver } })
    assert.is(found.schedules, 0)
    assert.is(found.bound, 'a schedule of more than 500 steps')
  }
})

explored('one preemption is enough to catch: look, then make; and without any nothing is caught', () => {
  assert.match(bad(naive, { preemptions: 1 }).message, /A threw EEXIST|B threw EEXIST/)
  const serial = explore(naive, { preemptions: 0 })
  assert.is(serial.bound, 'at most 0 preemptions')
  // A player that sleeps yields by itself, which is no preemption.
  function* sleeper(dir: string): Steps<string> {
    yield* fs.sleep(10)
    return (yield* fs.lstat(join(dir, 'a'), { throwIfNoEntry: false })) ? 'there' : 'nothing'
  }
  const players = { A: sleeper, B: calls('mkdir a') }
  assert.ok(endingsOf({ players, kills: 1 }, { preemptions: 0 }).endings.includes('A there, B ok'))
})

explored('random schedules are those of their seed', () => {
  const players = { A: calls('mkdir a', 'rmdir a', 'mkdir b'), B: calls('mkdir b', 'rmdir b', 'mkdir a') }
  const draw = (seed?: number) => endingsOf({ players }, { random: { schedules: 50, ...(seed && { seed }) } })
  assert.equal(draw(1).all, draw(1).all)
  assert.not.equal(draw(1).all, draw(2).all)
  const drawn = draw()
  assert.is(drawn.schedules, 50)
  const [, seed] = /^50 random schedules, seed (\d+)$/.exec(drawn.bound ?? '') ?? []
  assert.equal(draw(Number(seed)).all, drawn.all)
  assert.instance(bad(naive, { random: { schedules: 100, seed: 1 } }), BadEnding)
})

explored('a bad ending carries its schedule: in columns, as a diagram, and to be run again', () => {
  const found = bad(naive)
  assert.is(found.code, 'ERR_BAD_ENDING')
  assert.is((found.cause as Error).message, 'A threw EEXIST')
  const [header, ...rows] = found.columns.split('\n')
  assert.match(header ?? '', /^ +A +B$/)
  assert.ok(
    rows.some(row => /^ +\d+ +mkdir\(\/a\) -> EEXIST +\|$/.test(row)),
    found.columns,
  )
  assert.ok(rows.some(row => /^ +\*\* THROWS EEXIST +\|$/.test(row)))
  assert.ok(rows.some(row => /^ +\d+ +\| +mkdir\(\/a\) -> ok$/.test(row)))
  const diagram = found.mermaid.split('\n')
  assert.equal(diagram.slice(0, 4), ['sequenceDiagram', '  participant A', '  participant B', '  participant disk'])
  assert.ok(diagram.includes('  A->>disk: mkdir(/a) -> EEXIST'))
  assert.ok(diagram.includes('  Note over A: THROWS EEXIST'))
  assert.ok(found.message.includes(found.columns) && found.message.endsWith(`replay: ${found.replay}`))

  const again = bad(naive, { replay: found.replay })
  assert.is(again.schedule, 1)
  assert.is(again.message.replace('schedule 1', `schedule ${found.schedule}`), found.message)
  assert.is(again.mermaid, found.mermaid)
})

explored('faults are in the replay, and in the columns with what was truly done', () => {
  const world = worldOf({ players: { A: calls('mkdir a') }, kills: 1, lies: 1, check: nobodyThrows })
  const found = bad(world)
  assert.is(found.replay, 'A~EEXIST')
  assert.match(found.columns, /mkdir\(\/a\) ~> EEXIST/)
  assert.is(bad(world, { replay: found.replay }).replay, found.replay)
})

explored('a replay of another world is refused', () => {
  const { replay } = bad(naive)
  const other = worldOf({ players: { A: calls('mkdir a') } })
  for (const [world, words] of [
    [naive, `${replay} A`],
    [naive, 'C'],
    [naive, 'Ax'],
    [other, replay],
  ] as const) {
    assert.throws(() => explore(world, { replay: words }), { message: /another world: "\w+" cannot happen here/ })
    clean()
  }
})

explored('whoever is killed runs no `finally`, and what it had done stays', () => {
  function* tidy(dir: string): Steps<string> {
    yield* callOf('open f wx', dir)
    try {
      yield* callOf('stat f', dir)
    } finally {
      yield* callOf('unlink f', dir)
    }
    return 'tidied'
  }
  const left = new Set<string>()
  const check: World['check'] = ({ dir, outcomes }) => left.add(`${outcomes.A?.how} ${readdirSync(dir)}`)
  const found = endingsOf({ players: { A: tidy }, kills: 1, check })
  assert.equal([...left].sort(), ['killed ', 'killed f', 'returned '])
  assert.equal(found.endings, ['A killed', 'A tidied'])
})

explored('an adversary is never killed, failed, lied to or aborted', () => {
  const budgets = { kills: 1, failures: 1, lies: 1, aborts: 1 }
  const found = endingsOf({ players: { A: calls() }, adversaries: { X: calls('mkdir a', 'rmdir a') }, ...budgets })
  assert.equal(found.endings, ['A ok, X ok'])
})

explored('a call may fail that was not done, with any error that is asked for', () => {
  const there = new Set<string>()
  const check: World['check'] = ({ dir, outcomes }) => there.add(`${outcomes.A?.how} ${readdirSync(dir)}`)
  const players = { A: calls('mkdir a') }
  assert.equal(endingsOf({ players, failures: 1, check }).endings, ['A EIO*', 'A ok'])
  assert.equal([...there].sort(), ['returned a', 'threw '])
  const refused = endingsOf({ players, failures: 1, failWith: ['ENOSPC', 'EACCES'] })
  assert.equal(refused.endings, ['A EACCES*', 'A ENOSPC*', 'A ok'])
  const two = endingsOf({ players: { A: telling(calls('mkdir a')), B: telling(calls('mkdir b')) }, failures: 1 })
  assert.equal(two.endings, ['A caught EIO, B ok', 'A ok, B caught EIO', 'A ok, B ok'])
})

explored('a write may be short: whoever does not go on is caught, and whoever does is not', () => {
  function* loop(dir: string): Steps<void> {
    const fd = yield* fs.open(join(dir, 'f'), 'wx')
    const data = Buffer.from('whole')
    for (let at = 0; at < data.length; ) at += yield* fs.write(fd, data.subarray(at))
    yield* fs.close(fd)
  }
  const check: World['check'] = ({ dir, outcomes }) => {
    if (outcomes.A?.how === 'returned') assert.is(readFileSync(join(dir, 'f'), 'latin1'), 'whole')
  }
  assert.ok(endingsOf({ players: { A: loop }, failures: 2, check }).complete)
  const once = worldOf({ players: { A: dir => openThenWrite.steps(join(dir, 'f'), 'whole') }, failures: 1, check })
  const found = bad(once)
  assert.is(found.replay, 'A A!short A')
  assert.match(found.columns, /write\(fd, 5 bytes\) ~> 2/)
})

explored('a call may be done, and say that it was not', () => {
  const done = new Set<string>()
  const check: World['check'] = ({ dir, outcomes: { A } }) => {
    done.add(`${A?.how === 'threw' ? codeOf(A.error) : A?.how} ${readdirSync(dir)}`)
  }
  endingsOf({ there: ['file f'], players: { A: calls('link f g') }, lies: 1, check })
  assert.equal([...done].sort(), ['EEXIST f,g', 'EIO f,g', 'returned f,g'])
  done.clear()
  endingsOf({ there: ['file f'], players: { A: calls('unlink f') }, lies: 1, check })
  assert.equal([...done].sort(), ['EIO ', 'ENOENT ', 'returned '])
  done.clear()
  endingsOf({ players: { A: calls('open f wx') }, lies: 1, check })
  assert.equal([...done].sort(), ['EEXIST f', 'EIO f', 'returned f'])
})

explored(
  'an abort is thrown into the player at any of its calls and sleeps, once, and never at what gives back',
  () => {
    function* careful(dir: string): Steps<string> {
      const fd = yield* fs.open(join(dir, 'f'), 'wx')
      let at = 'stat'
      try {
        yield* callOf('stat f', dir)
        at = 'sleep'
        yield* fs.sleep(10)
        at = 'giving back'
        return 'done'
      } catch (error) {
        return `${(error as Error).name} at ${at}`
      } finally {
        yield* fs.close(fd)
        yield* callOf('mkdir d', dir)
        yield* callOf('rmdir d', dir)
        yield* callOf('unlink f', dir)
      }
    }
    const check: World['check'] = ({ dir, outcomes: { A } }) => {
      // The clean-up is interrupted only at its `mkdir`.
      if (A?.how === 'returned') assert.equal(readdirSync(dir), [])
    }
    const found = endingsOf({ players: { A: careful }, aborts: 1, check })
    assert.equal(found.endings, ['A ABORT_ERR*', 'A AbortError at sleep', 'A AbortError at stat', 'A done'])
    assert.is(found.schedules, 5)
  },
)

explored('the clock may jump past a lease at any point', () => {
  function* holder(dir: string): Steps<string> {
    const until = (yield* fs.now()) + 1_000
    yield* callOf('mkdir lease', dir)
    return (yield* fs.now()) < until ? 'in time' : 'late'
  }
  assert.equal(endingsOf({ players: { A: holder } }).endings, ['A in time'])
  assert.equal(endingsOf({ players: { A: holder }, ticks: 1 }).endings, ['A in time', 'A late'])
  assert.equal(endingsOf({ players: { A: holder }, ticks: 1, tick: 999 }).endings, ['A in time'])
})

explored('a sleep lasts until another has changed something, and no longer', () => {
  function* waiter(dir: string): Steps<string> {
    let looks = 0
    while (!(yield* fs.lstat(join(dir, 'a'), { throwIfNoEntry: false }))) {
      looks++
      yield* fs.sleep(10)
    }
    return `saw it after ${looks}`
  }
  // A call that fails or only looks wakes no sleeper, so few looks see everything.
  const found = endingsOf({ players: { A: waiter, B: telling(calls('mkdir b', 'rmdir b', 'mkdir a')) } })
  const looks = [0, 1, 2, 3].map(count => `A saw it after ${count}, B ok`)
  assert.equal(found.endings, looks)
  const idle = endingsOf({ there: ['mkdir b'], players: { A: waiter, B: calls('stat b', 'readdir b', 'mkdir a') } })
  assert.equal(idle.endings, looks.slice(0, 2))
})

explored('when all sleep time passes: a poller comes to its deadline', () => {
  function* poller(dir: string): Steps<string> {
    const until = (yield* fs.now()) + 100
    while ((yield* fs.now()) < until) {
      if (yield* fs.lstat(join(dir, 'never'), { throwIfNoEntry: false })) return 'there'
      yield* fs.changed(dir, 30)
    }
    return `gave up at ${yield* fs.now()}`
  }
  const found = endingsOf({ players: { A: poller, B: poller } })
  assert.ok(found.complete)
  assert.equal(found.endings, ['A gave up at 120, B gave up at 120'])
})

explored('those whose sleep ends at one time race then', () => {
  function* late(dir: string): Steps<string> {
    yield* fs.sleep(10)
    if (yield* fs.lstat(join(dir, 'a'), { throwIfNoEntry: false })) return 'there'
    yield* callOf('mkdir a', dir)
    return 'made'
  }
  const found = endingsOf({ players: { A: late, B: late } })
  assert.ok(
    found.endings.includes('A made, B EEXIST') && found.endings.includes('A EEXIST, B made'),
    `${found.endings}`,
  )
})

explored('between calls that are made together others come in, in any order', () => {
  function* batch(dir: string): Steps<string> {
    const outcomes = yield* together([callOf('mkdir a', dir), callOf('mkdir b', dir)])
    return outcomes.map(outcome => ('error' in outcome ? codeOf(outcome.error) : 'made')).join(' ')
  }
  function* look(dir: string): Steps<string> {
    return `saw ${(yield* fs.readdir(dir)).join('')}`
  }
  const found = endingsOf({ players: { A: batch, B: look } })
  assert.equal(
    found.endings,
    ['', 'a', 'ab', 'b'].map(names => `A made made, B saw ${names}`),
  )
})

explored('what is made together and hides several calls is taken apart there, too', () => {
  function* batch(dir: string): Steps<string> {
    const [read] = yield* together([fs.readFile(`${dir}/f`)])
    return `read ${unwrap(read as Outcome<Buffer>)}`
  }
  function* write(dir: string): Steps<void> {
    const fd = yield* fs.open(`${dir}/f`, 'r+')
    yield* fs.write(fd, Buffer.from('F2'))
  }
  const found = endingsOf({ setup: dir => setUp(dir, ['file f']), players: { A: batch, B: write } })
  // The last one comes from two reads, one before the write and one after it.
  assert.equal(found.endings, ['A read F2, B ok', 'A read f, B ok', 'A read f2, B ok'])
})

explored('who is killed lives no more; who has ended well, or badly, was not killed', () => {
  function* ask(): Steps<string> {
    const self = yield* fs.self()
    return `is ${self}, the other one ${(yield* fs.alive('explored-1-0')) ? 'lives' : 'is dead'}`
  }
  const players = { A: ask, B: calls('rmdir a') }
  const found = endingsOf({ players }).endings
  assert.equal(found, ['A is explored-0-0, the other one lives, B ENOENT'])
  const killed = endingsOf({ players, kills: 1 }).endings.filter(ending => ending.endsWith('B killed'))
  assert.equal(
    killed,
    ['dead', 'lives'].map(how => `A is explored-0-0, the other one ${how === 'dead' ? 'is dead' : how}, B killed`),
  )
  const selves = endingsOf({ players: { A: fs.self, B: fs.self } })
  assert.equal(selves.endings, ['A explored-0-0, B explored-1-0'])
})

explored('a file may be seen half read', () => {
  function* reader(dir: string): Steps<string> {
    return `read ${yield* fs.readFile(join(dir, 'f'))}`
  }
  function* writer(dir: string): Steps<void> {
    const fd = yield* fs.open(join(dir, 'f'), 'r+')
    yield* fs.write(fd, Buffer.from('F2'))
  }
  const there = ['file f']
  const read = endingsOf({ there, players: { A: reader, B: writer } })
  // The last one comes from two reads, one before the write and one after it.
  assert.equal(read.endings, ['A read F2, B ok', 'A read f, B ok', 'A read f2, B ok'])
})

explored('a directory that was opened is read as it is then, wherever it is, in a world that asks for it', () => {
  function* look(dir: string): Steps<string> {
    return `saw ${(yield* fs.list(join(dir, 'a'))).map(({ name }) => name).join('')}`
  }
  const logged = new Set<string>()
  const check: World['check'] = ({ log }) => {
    for (const { op, args, failed } of log) if (op === 'list' || op === 'open') logged.add(`${op} ${args} ${failed}`)
  }
  const there = ['mkdir a', 'file a/x']
  const moved = { there, players: { A: look, B: calls('rename a c', 'unlink c/x') }, check }
  assert.equal(endingsOf(moved).endings, ['A ENOENT, B ok', 'A saw x, B ok'])
  const split = endingsOf({ ...moved, splitListings: true })
  assert.equal(split.endings, ['A ENOENT, B ok', 'A saw , B ok', 'A saw x, B ok'])
  assert.equal([...logged].sort(), ['list /a false', 'list /a true'])
  // One that is removed shows nothing, and another in its place is another.
  const removed = { there: ['mkdir a'], players: { A: look, B: calls('rmdir a', 'mkdir a', 'mkdir a/y') } }
  const replaced = { there: ['mkdir a', 'mkdir b'], players: { A: look, B: calls('rename b a', 'mkdir a/y') } }
  assert.equal(endingsOf({ ...replaced, splitListings: true }).endings, ['A saw , B ok', 'A saw y, B ok'])
  const endings = ['A ENOENT, B ok', 'A saw , B ok', 'A saw y, B ok']
  for (const splitListings of [false, true]) assert.equal(endingsOf({ ...removed, splitListings }).endings, endings)
})

explored('a listing may leave out what was renamed after the directory was opened, as on btrfs', () => {
  function* look(dir: string): Steps<string> {
    return `saw ${(yield* fs.readdir(join(dir, 'a'))).join('')}`
  }
  const small = { there: ['mkdir a', 'file a/x', 'file a/w'], players: { A: look, B: calls('rename a/x a/y') } }
  assert.equal(endingsOf(small).endings, ['A saw wx, B ok', 'A saw wy, B ok'])
  const one = endingsOf({ ...small, omissions: 1 })
  assert.equal(one.endings, ['A saw w, B ok', 'A saw wx, B ok', 'A saw wy, B ok'])
  // What has a new name, what is new, and what has come back; and never in an adversary.
  const more = {
    ...small,
    players: { A: look, B: calls('link a/x a/y', 'unlink a/x', 'rename a/y a/x') },
    omissions: 1,
  }
  const saw = ['w', 'wx', 'wxy', 'wy'].map(names => `A saw ${names}, B ok`)
  assert.equal(endingsOf(more).endings, saw)
  const adverse = { ...small, players: { B: calls('rename a/x a/y') }, adversaries: { A: look }, omissions: 1 }
  assert.equal(endingsOf(adverse).endings, ['B ok, A saw wx', 'B ok, A saw wy'])
  const missing: World['check'] = ({ outcomes: { A } }) => {
    if (A?.how === 'returned' && A.value === 'saw w') throw new Error('x is lost')
  }
  const found = bad(worldOf({ ...small, omissions: 1, check: missing }))
  assert.is(found.replay, 'A B A?')
  assert.match(found.columns, /open\(\/a\) -> dir #1/)
  assert.match(found.columns, /readdir\(\/a\) ~> \["w"\]/)
  assert.is(bad(worldOf({ ...small, omissions: 1, check: missing }), { replay: found.replay }).replay, found.replay)
})

explored('a world that the explorer cannot order, or that is none, is named', () => {
  const one = (A: (dir: string) => unknown) => worldOf({ players: { A } as Players })
  const yields = (what: unknown) =>
    one(function* () {
      yield what
    })
  const line = (text: string) => one(calls(text))
  function* settles(): Steps<unknown> {
    return yield* fs.settle(Promise.resolve(1))
  }
  function* spins(): Steps<void> {
    while ((yield* fs.now()) < 1) {}
  }
  const bundle = (step: (dir: string) => Steps<unknown>) =>
    one(function* (dir) {
      yield* together([step(dir)])
    })
  const cases: [World, RegExp][] = [
    [one(dir => mkdirp(join(dir, 'a'))), /Player A is no generator.*give `f\.steps/],
    [yields(Promise.resolve()), /Player A waits outside the door: for \[object Promise\], which is no call/],
    [yields(undefined), /Player A waits outside the door: for undefined/],
    [yields(7), /Player A waits outside the door: for 7/],
    [one(settles), /Player A waits outside the door/],
    [one(spins), /Player A spins/],
    [bundle(() => fs.sleep(1)), /Player A makes sleep together with others/],
    [one(dir => fs.stat(join(dir, '../other'))), /Player A leaves its world: stat .*other/],
    [line('mkdir ../other'), /Player A leaves its world: mkdir/],
    [one(() => fs.mkdir('relative')), /Player A leaves its world: mkdir relative/],
    [one(dir => fs.symlink('a', `${dir}2`)), /Player A leaves its world: symlink/],
    [one(dir => fs.link(join(dir, 'a'), `${dir}2`)), /Player A leaves its world: link/],
    [line('rmdir .'), /Player A leaves its world: rmdir/],
    [line('chmod ..'), /Player A leaves its world: chmod/],
    [{ ...line('mkdir a'), check: async () => {} }, /`check` returns a promise/],
    [{ ...line('mkdir a'), setup: async () => {} }, /`setup` returns a promise/],
  ]
  for (const [world, message] of cases) {
    const error = assert.throws(() => explore(world), { message })
    assert.not.instance(error, BadEnding)
    clean()
  }
  assert.not(existsSync('relative'))
  // To look above the world, and to try to make what is there, is allowed: a climb to the root does so.
  assert.equal(endingsOf({ players: { A: calls('stat ..', 'realpath ../..', 'readdir .') } }).endings, ['A ok'])
  assert.equal(endingsOf({ players: { A: telling(calls('mkdir ..')) } }).endings, ['A caught EEXIST'])
})

explored('an error of `setup` comes out as it is, and nothing is left behind', () => {
  const error = new Error('mine')
  const setup = (dir: string) => {
    writeFileSync(join(dir, 'f'), '')
    throw error
  }
  assert.is(
    assert.throws(() => explore({ ...naive, setup }), { message: /mine/ }),
    error,
  )
  clean()
})

explored('a schedule finds what is there, whatever `setup` draws, and players that differ are refused', () => {
  let laidOut = 0
  function* looker(dir: string, own: string): Steps<unknown> {
    const names = yield* fs.readdir(dir)
    yield* fs.mkdir(join(dir, own))
    const { size } = yield* fs.lstat(join(dir, names.find(name => name.startsWith('x')) as string))
    // What a player got is its own: the next schedule finds it as it was.
    return `${names.splice(0).filter(name => name.startsWith('x'))} ${size}`
  }
  const world = (name: () => string): World => ({
    setup: dir => writeFileSync(join(dir, name()), 'x'.repeat(++laidOut % 2)),
    players: dir => ({ A: looker(dir, 'y'), B: looker(dir, 'z') }),
    check({ dir, outcomes }) {
      const name = readdirSync(dir).find(one => one.startsWith('x')) as string
      const there = `${name} ${readFileSync(join(dir, name)).length}`
      for (const end of Object.values(outcomes)) assert.equal(end, { how: 'returned', value: there })
    },
  })
  for (const name of [() => 'x', () => `x${laidOut}`]) assert.ok(explore(world(name)).complete)

  const names = new Set<string>()
  const setup = (dir: string) => {
    cell.create.sync(join(dir, 'cell'))
    names.add(String(readdirSync(join(dir, 'cell'))))
  }
  const players = (dir: string) => ({ A: fs.readdir(dir), B: fs.mkdir(join(dir, 'b')) })
  explore({ setup, players, check() {} })
  assert.is(names.size, 1)

  let begun = 0
  const either = (dir: string) => (begun++ === 0 ? fs.readdir(dir) : fs.lstat(dir))
  const maker = (dir: string) => fs.mkdir(join(dir, 'b'))
  const differing: World = { players: dir => ({ A: either(dir), B: maker(dir), C: maker(dir) }), check() {} }
  assert.throws(() => explore(differing), { message: /not the same in each schedule: lstat .* readdir/ })
  clean()
})

explored('how fast it is', () => {
  function* remover(dir: string): Steps<void> {
    for (const line of ['rmdir a/b', 'rmdir a']) {
      try {
        yield* callOf(line, dir)
      } catch (error) {
        if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) throw error
      }
    }
  }
  const make = (dir: string) => mkdirp.steps(join(dir, 'a/b'))
  const { ms, schedules, pruned, steps } = endingsOf({
    players: { A: make, B: make },
    adversaries: { remover },
    kills: 1,
  })
  const rate = (count: number) => Math.round((count * 1_000) / ms)
  note(`${schedules} schedules and ${pruned} beginnings: ${rate(schedules + pruned)} per second, ${rate(steps)} steps`)
})
