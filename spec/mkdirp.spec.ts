import { chmodSync, existsSync, mkdirSync, rmdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { mkdirp } from 'holdfast'
import { dual, fs, type Steps } from 'holdfast/steps'
import { contender, type RaceOptions, type Result, type World } from 'holdfast/testing'
import { checkThenMkdir } from './broken/broken.js'
import {
  answers,
  assert,
  catchInRace,
  caught,
  explored,
  holds,
  nobodyThrew,
  note,
  places,
  prove,
  proveLarge,
  race,
  raced,
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
import { isWindows, possible } from './windows/flavour.js'

const depth4 = (dir: string, round: number) => join(dir, String(round), 'a', 'b', 'c')

/** Ten calls; returns the results of those that made something. */
async function tenTimes(one: (dir: string) => unknown, dir: string): Promise<unknown[]> {
  const made: unknown[] = []
  for (let i = 0; i < 10; i++) made.push(await one(dir))
  return made.filter(value => value !== undefined)
}

/** Removes the whole branch from the leaf up, again and again; returns how many directories it removed. */
function takeAway(dir: string, round: number): number {
  let gone = 0
  for (let i = 0; i < 40; i++) {
    for (const part of ['a/b/c', 'a/b', 'a', '']) {
      try {
        rmdirSync(join(dir, String(round), part))
        gone++
      } catch {}
    }
  }
  return gone
}

const plays = {
  maker: (dir: string, round: number) => tenTimes(round % 2 ? mkdirp : mkdirp.sync, depth4(dir, round)),
  naive: (dir: string, round: number) => tenTimes(round % 2 ? checkThenMkdir : checkThenMkdir.sync, depth4(dir, round)),
  remover: takeAway,
  once: (dir: string, round: number) => mkdirp(depth4(dir, round)),
  naiveOnce: (dir: string, round: number) => checkThenMkdir(depth4(dir, round)),
}

/** Removes the branch from the leaf up. */
function* remover(dir: string): Steps<void> {
  for (const part of ['a/b', 'a']) {
    try {
      yield* fs.rmdir(join(dir, part))
    } catch {}
  }
}

/** The calls that the steps make to the disk. */
function opsOf(steps: Steps<unknown>): string[] {
  const ops: string[] = []
  const watched = dual(function* watched(): Steps<void> {
    for (let next = steps.next(); !next.done; ) {
      const call = next.value
      if (call.op !== 'recall' && call.op !== 'remember') ops.push(call.op)
      try {
        next = steps.next(yield call)
      } catch (error) {
        next = steps.throw(error)
      }
    }
  })
  watched.sync()
  return ops
}

/** Runs all of them in turn, and ignores their failures. */
function* tidy(...all: Steps<void>[]): Steps<void> {
  for (const steps of all) {
    try {
      yield* steps
    } catch {}
  }
}

const makers = (count: number, make: (dir: string) => Steps<unknown>) => (dir: string) =>
  Object.fromEntries(['A', 'B', 'C'].slice(0, count).map(name => [name, make(join(dir, 'a', 'b'))]))

/** Without a remover the directory is there in the end, and each directory was made by one caller. */
const madeOnce: World['check'] = ending => {
  nobodyThrew(ending)
  const all = answers(ending)
  if (all.length > 0) assert.ok(statSync(join(ending.dir, 'a', 'b')).isDirectory())
  const claimed = all.filter(value => value !== undefined)
  assert.is(new Set(claimed).size, claimed.length, 'two callers claim one directory')
}

if (!contender(plays)) {
  holds('makes what is missing, and answers the topmost that it made', async () => {
    const dir = scratch()
    assert.is(await mkdirp(join(dir, 'x/y/z')), join(dir, 'x'))
    assert.is(await mkdirp(join(dir, 'x/y/z')), undefined)
    assert.is(mkdirp.sync(join(dir, 'x/y/q')), join(dir, 'x/y/q'))
    assert.is(mkdirp.sync(pathToFileURL(join(dir, 'u/v'))), join(dir, 'u'))
    for (let levels = 1; levels <= 20; levels++) {
      const deep = join(dir, `${levels}`, ...Array.from({ length: levels - 1 }, (_, i) => `${i}`))
      assert.is(await mkdirp(deep), join(dir, `${levels}`), `${levels} levels`)
      assert.ok(statSync(deep).isDirectory())
    }
  })

  holds('below what is there already it makes only the rest, at every depth', async () => {
    const dir = scratch()
    for (let there = 0; there <= 9; there++) {
      for (let missing = 1; missing <= 9; missing++) {
        const base = join(dir, `${there}-${missing}`, ...Array(there).fill('t'))
        mkdirSync(base, { recursive: true })
        assert.is(await mkdirp(join(base, ...Array(missing).fill('m'))), join(base, 'm'))
      }
    }
  })

  holds('relative paths, trailing slashes, dots, odd names and names of 255 bytes', async () => {
    const dir = scratch()
    const before = process.cwd()
    process.chdir(dir)
    try {
      assert.is(await mkdirp('r/s'), join(process.cwd(), 'r'))
      await mkdirp('slash/es//')
      await mkdirp('./dot/./s')
      await mkdirp('up/../over')
      assert.ok(existsSync('r/s') && existsSync('slash/es') && existsSync('dot/s') && existsSync('over'))
    } finally {
      process.chdir(before)
    }
    for (const name of possible([' ', 'a b', 'new\nline', 'żółć', '雪', '-rf', '*', 'x'.repeat(255)])) {
      await mkdirp(join(dir, name, name))
      assert.ok(existsSync(join(dir, name, name)))
    }
  })

  holds('a mode goes to what is made', async () => {
    const dir = scratch()
    await mkdirp(join(dir, 'm/n'), { mode: 0o700 })
    assert.is(statSync(join(dir, 'm')).mode & 0o777, 0o700)
    mkdirp.sync(join(dir, 'o/p'), { mode: '750' })
    assert.is(statSync(join(dir, 'o/p')).mode & 0o777, 0o750)
  })

  holds('a file in the way, or a link that leads nowhere, is an error at once', async () => {
    const dir = scratch()
    writeFileSync(join(dir, 'file'), '')
    symlinkSync(join(dir, 'nowhere'), join(dir, 'dangling'))
    symlinkSync(dir, join(dir, 'around'))
    const begun = performance.now()
    const refused = (name: string, code: string) =>
      assert.rejects(mkdirp(join(dir, name), { retryFor: 60_000 }), { code })
    await refused('file', 'EEXIST')
    await refused('file/x', 'ENOTDIR')
    await refused('file/x/y/z', 'ENOTDIR')
    await refused('dangling', 'EEXIST')
    await refused('dangling/x/y', 'ENOENT')
    assert.throws(() => mkdirp.sync(join(dir, 'file/x'), { retryFor: 60_000 }), { code: 'ENOTDIR' })
    await refused('x'.repeat(256), isWindows ? 'ENOENT' : 'ENAMETOOLONG')
    assert.ok(performance.now() - begun < 50_000, 'a retry storm')
    assert.not(existsSync(join(dir, 'nowhere')))
    assert.is(await mkdirp(join(dir, 'around', 'new')), join(dir, 'around', 'new'))
  })

  holds('bad input is refused before anything is done', async () => {
    const dir = scratch()
    const path = join(dir, 'x')
    await assertRefusesBadInput(mkdirp, dir, [
      [[''], 'ERR_INVALID_ARG_VALUE'],
      [['a\0b'], 'ERR_INVALID_ARG_VALUE'],
      [[7], 'ERR_INVALID_ARG_TYPE'],
      [[new URL('http://localhost/x')], 'ERR_INVALID_URL_SCHEME'],
      [[path, { mode: -1 }], 'ERR_OUT_OF_RANGE'],
      [[path, { mode: 'rwx' }], 'ERR_INVALID_ARG_VALUE'],
      [[path, 0o755], 'ERR_INVALID_ARG_TYPE'],
      [[path, null], 'ERR_INVALID_ARG_TYPE'],
      [[path, { timeout: -1 }], 'ERR_OUT_OF_RANGE'],
      [[path, { retryFor: Number.NaN }], 'ERR_OUT_OF_RANGE'],
      [[path, { signal: {} }], 'ERR_INVALID_ARG_TYPE'],
    ])
    assert.ok(assert.throws(() => mkdirp.sync(''), {}) instanceof TypeError)
  })

  const trial: Trial<[string], string | undefined> = {
    args: dir => [join(dir, 'a/b')],
    done: dir => assert.ok(statSync(join(dir, 'a/b')).isDirectory()),
  }
  const inTheWay: Trial<[string]> = { setup: dir => writeFileSync(join(dir, 'a'), ''), args: dir => [join(dir, 'a/b')] }

  holds('whichever call fails, its error comes out, or what is promised holds', () =>
    assertOriginalErrorComesOut(mkdirp, trial),
  )

  holds('both forms come to the same', () => assertSyncAndAsyncAgree(mkdirp, trial, inTheWay))

  holds('whatever fails or is stopped leaves nothing private behind', () => assertNothingLeftBehind(mkdirp, trial))

  if (process.getuid?.() === 0) holds.skip('no permission is an error at once', 'root may do anything')
  else
    holds('no permission is an error at once, and no hindrance where nothing is to be made', async () => {
      const dir = scratch()
      mkdirSync(join(dir, 'closed/in'), { recursive: true })
      chmodSync(join(dir, 'closed'), 0o555)
      assert.is(await mkdirp(join(dir, 'closed/in')), undefined)
      await assert.rejects(mkdirp(join(dir, 'closed/new')), { code: 'EACCES' })
      chmodSync(join(dir, 'closed'), 0o755)
    })

  explored('explore: two makers and a remover, with a kill and a lie', () => {
    const world = {
      players: makers(2, mkdirp.steps),
      adversaries: (dir: string) => ({ remover: remover(dir) }),
      check: nobodyThrew,
      kills: 1,
      lies: 1,
    }
    proveLarge('2 mkdirp, 1 remover, 1 kill, 1 lie', world, 2)
  })

  explored('explore: two makers, with an abort and a failure', () => {
    const found = prove('2 mkdirp, 1 abort, 1 failure', {
      players: makers(2, mkdirp.steps),
      check: madeOnce,
      aborts: 1,
      failures: 1,
    })
    assert.ok(found.complete)
  })

  explored('explore: three makers, with a kill and a lie', () => {
    const found = prove('3 mkdirp, 1 kill, 1 lie', {
      players: makers(3, mkdirp.steps),
      check: ending => madeOnce(ending),
      kills: 1,
      lies: 1,
    })
    assert.ok(found.complete)
  })

  explored('explore: three makers and a remover', () => {
    const world = { players: makers(3, mkdirp.steps), adversaries: (dir: string) => ({ remover: remover(dir) }) }
    proveLarge('3 mkdirp, 1 remover', { ...world, check: nobodyThrew }, 2)
  })

  explored(
    'explore: two who make one beside another, and so begin the second with a guess; a remover, or a kill and a lie',
    () => {
      function* both(dir: string): Steps<string[]> {
        const made = [yield* mkdirp.steps(join(dir, 'a/b')), yield* mkdirp.steps(join(dir, 'a/c/d'))]
        return made.flatMap(one => one ?? [])
      }
      const players = (dir: string) => ({ A: both(dir), B: both(dir) })
      const thief = (dir: string) => ({ remover: tidy(fs.rmdir(join(dir, 'a/b')), fs.rmdir(join(dir, 'a'))) })
      const removed = prove('2 x 2 mkdirp, 1 remover', { players, adversaries: thief, check: nobodyThrew })
      const harmed = prove('2 x 2 mkdirp, 1 kill, 1 lie', {
        players,
        kills: 1,
        lies: 1,
        check: ending => {
          nobodyThrew(ending)
          const claimed = answers(ending).flat()
          assert.is(new Set(claimed).size, claimed.length, 'two callers claim one directory')
        },
      })
      assert.ok(removed.complete && harmed.complete)
    },
  )

  holds('a guess that is right costs no look, and one that is wrong is no harm', () => {
    const dir = scratch()
    mkdirp.sync(join(dir, 'a'))
    assert.equal(opsOf(mkdirp.steps(join(dir, 'b'))), ['mkdir'])
    assert.equal(opsOf(mkdirp.steps(join(dir, 'c/d/e'))), ['mkdir', 'mkdir', 'mkdir'])
    assert.equal(opsOf(mkdirp.steps(join(dir, 'a'))), ['mkdir', 'stat'])
    assert.equal(opsOf(mkdirp.steps(join(dir, 'a'))), ['stat'])
    mkdirp.sync(join(dir, 'f'))
    writeFileSync(join(dir, 'file'), '')
    assert.throws(() => mkdirp.sync(join(dir, 'file/x/y')), { code: 'ENOTDIR' })
    mkdirp.sync(join(dir, 'g'))
    assert.throws(() => mkdirp.sync(join(dir, 'file')), { code: 'EEXIST' })
    mkdirp.sync(join(dir, 'h/i'))
    rmdirSync(join(dir, 'h/i'))
    rmdirSync(join(dir, 'h'))
    assert.is(mkdirp.sync(join(dir, 'h/j/k')), join(dir, 'h'))
  })

  explored('explore catches: look, then make', () => {
    caught('check-then-mkdir', /EEXIST/, { players: makers(2, checkThenMkdir.steps), check: madeOnce })
    const world = {
      players: makers(3, checkThenMkdir.steps),
      adversaries: (dir: string) => ({ remover: remover(dir) }),
    }
    caught('check-then-mkdir, and a remover', /EEXIST|ENOENT/, { ...world, check: nobodyThrew })
  })

  const allRounds = sized(100, 4000)
  for (const { kind, dir: place } of places) {
    raced(`race on ${kind}: six makers and two removers, nobody is rejected`, async () => {
      const dir = scratch(place)
      const rounds = await race(import.meta.url, { dir, cast: { maker: 6, remover: 2 }, rounds: allRounds })
      const makers = rounds.flat().filter(({ role }) => role === 'maker')
      const rejected = makers.filter(({ how }) => how !== 'returned')
      const remade = rounds.filter(
        results => results.filter(({ value }) => Array.isArray(value) && value.length > 0).length > 1,
      )
      const removed = rounds
        .flat()
        .reduce((sum, { role, value }) => sum + (role === 'remover' ? (value as number) : 0), 0)
      note(`${makers.length * 10} calls, ${rejected.length} rejected; ${removed} directories were removed meanwhile`)
      assert.equal(rejected, [])
      assert.ok(
        removed > allRounds && remade.length > allRounds / 20,
        `no contention: ${removed} removed, ${remade.length} rounds`,
      )
    })

    raced(`race on ${kind}: eight makers, nobody is rejected, and nothing is claimed twice`, async () => {
      const dir = scratch(place)
      let contended = 0
      await race(import.meta.url, {
        dir,
        cast: { once: 8 },
        rounds: allRounds,
        after: (results, round) => {
          assert.equal(
            results.filter(({ how }) => how !== 'returned'),
            [],
          )
          assert.ok(existsSync(depth4(dir, round)))
          const claimed = results.flatMap(({ value }) => (value === undefined ? [] : [value]))
          assert.is(new Set(claimed).size, claimed.length, `claimed twice: ${claimed}`)
          assert.ok(claimed.includes(join(dir, String(round))), 'nobody claims the topmost')
          if (claimed.length > 1) contended++
        },
      })
      note(`in ${contended} of ${allRounds} rounds several callers made a part of it`)
      assert.ok(contended > 0, 'no contention')
    })

    raced(`race on ${kind} catches: look, then make`, async () => {
      const isRejected = (results: readonly Result[]) => {
        const threw = results.filter(({ how }) => how === 'threw')
        assert.ok(threw.every(({ code }) => code === 'ENOENT' || code === 'EEXIST'))
        return threw.length > 0
      }
      const caughtWith = (cast: RaceOptions['cast']) =>
        catchInRace(import.meta.url, { dir: scratch(place), cast }, isRejected)
      const beside = await caughtWith({ naive: 6, remover: 2 })
      const without = await caughtWith({ naiveOnce: 8 })
      note(`rejected beside removers in round ${beside}, and without in round ${without}`)
    })
  }
}
