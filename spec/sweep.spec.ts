import { spawnSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, sep } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { emptyDir, remove, sweep, writeFile } from 'holdfast'
import { drive, dual, fs, type Steps } from 'holdfast/steps'
import { contender, killedAt, overlaps, type World } from 'holdfast/testing'
import { through } from './broken/interfere.js'
import {
  answers,
  assert,
  catchInRace,
  caught,
  everyPlace,
  explored,
  holds,
  nobodyThrew,
  note,
  ownerOf,
  payload,
  places,
  placesAnd,
  prove,
  race,
  raced,
  scratch,
  sized,
  startOf,
} from './support/kit.js'
import {
  assertOriginalErrorComesOut,
  assertRefusesBadInput,
  assertSyncAndAsyncAgree,
  type Trial,
} from './support/laws.js'
import { isWindows, possible } from './windows/flavour.js'

const bytes = 20_000
/** The calls that every write makes. */
const calls = 8
/** Four processes are killed in each. */
const rounds = sized(3, 200)

const plays = {
  writer: async (dir: string, round: number, number: number) => {
    for (let i = 0; i < 30; i++)
      await (i % 3 ? writeFile : writeFile.sync)(join(dir, `file-${i % 2}`), payload(number, bytes), {
        durability: (round + i) % 9 ? 'none' : 'file',
      })
  },
  victim: (dir: string, round: number, number: number) => {
    function* doomed(): Steps<never> {
      for (;;) yield* writeFile.steps(join(dir, `file-${number % 2}`), payload(99, bytes))
    }
    return dual(() => killedAt(doomed(), calls * 3 + ((round * 4 + number) % calls)))()
  },
  sweeper: async (dir: string) => {
    const swept: string[] = []
    for (let i = 0; i < 10; i++) {
      swept.push(...(await (i % 2 ? sweep(dir) : sweep.sync(dir))))
      await wait(2)
    }
    return swept
  },
  careless: async (dir: string) => {
    for (let i = 0; i < 10; i++) {
      for (const name of readdirSync(dir).filter(one => one.startsWith('.file'))) await remove(join(dir, name))
      await wait(2)
    }
  },
}

const self = dual(() => fs.self())

/** The owner in the private names of a process that has ended. */
function ownerThatDied(): string {
  const script = `import { dual, fs } from ${JSON.stringify(import.meta.resolve('holdfast/steps'))}
    console.log(dual(() => fs.self()).sync())`
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout.trim()
}
const nonce = '0123456789abcdef.holdfast'
/** An owner on another machine, or in another container. */
const unknowable = self.sync().replace(/^[^-]*/, '1y2p0ij32e8e7')

if (!contender(plays)) {
  for (const { kind, dir: place } of everyPlace) {
    holds(`removes what the dead have left, of any kind, and nothing else (${kind})`, async () => {
      const dir = scratch(place)
      const dead = ownerThatDied()
      assert.match(dead, /^[a-z0-9]+-[a-z0-9]+-[a-z0-9]+$/)
      const at = (name: string) => join(dir, name)
      const debris = [`.file.${dead}.${nonce}`, `.tree.${dead}.${nonce}`, `.link.${dead}.${nonce}`]
      // Also a name that a sweeper was removing when it died.
      debris.push(`..tree.${dead}.${nonce}.${dead}.${nonce}`, `.a.b.c.${dead}.${nonce}`)
      debris.push(...possible([`.new\nline.${dead}.${nonce}`]))
      const kept = [
        ...['file', '.hidden', '.file.tmp', `file.${dead}.${nonce}`, `.file.${dead}.${nonce}x`, `.file.${dead}`],
        // Where case does not count, that is the first name.
        ...(isWindows ? [] : [`.file.${dead}.0123456789ABCDEF.holdfast`]),
        ...[`.file.${dead}.0123456789abcdef`, `.file.${self.sync()}.${nonce}`, `.file.${unknowable}.${nonce}`],
      ]
      mkdirSync(at(`${debris[1]}/a/b`), { recursive: true })
      writeFileSync(at(`${debris[1]}/a/b/file`), '')
      symlinkSync('/', at(debris[2] as string))
      for (const name of [...debris, ...kept]) if (!existsSync(at(name))) writeFileSync(at(name), '')
      assert.equal(await sweep(dir), debris.sort())
      assert.equal(readdirSync(dir).sort(), kept.sort())
      assert.equal(sweep.sync(dir), [])
    })
  }

  holds('who cannot be judged from here is spared for the grace, by the filesystem’s own clock', async () => {
    const dir = scratch()
    const name = `.file.${unknowable}.${nonce}`
    writeFileSync(join(dir, name), '')
    // A time that any process may set is no evidence.
    utimesSync(join(dir, name), 0, 0)
    assert.equal(await sweep(dir), [])
    assert.equal(await sweep(dir, { grace: 60_000 }), [])
    assert.equal(await sweep(dir, { grace: Number.POSITIVE_INFINITY }), [])
    await wait(120)
    assert.equal(await sweep(dir, { grace: 60 }), [name])
    writeFileSync(join(dir, name), '')
    assert.equal(sweep.sync(dir, { grace: 0 }), [name])
    assert.equal(readdirSync(dir), [])
  })

  /** Debris at every depth, and names beside it that are not. Returns the paths of the debris. */
  function layDebris(dir: string): string[] {
    const dead = ownerThatDied()
    const at = (name: string) => join(dir, name)
    for (const name of ['a/b', 'c', `.live.${self.sync()}.${nonce}`]) mkdirSync(at(name), { recursive: true })
    const debris = ['', 'a/', 'a/b/', 'c/'].map(prefix => `${prefix}.file.${dead}.${nonce}`)
    debris.push(`c/.tree.${dead}.${nonce}`)
    mkdirSync(at(`c/.tree.${dead}.${nonce}/in`), { recursive: true })
    // What is in a private directory belongs to its owner, and goes or stays with it.
    for (const name of [
      `c/.tree.${dead}.${nonce}/.in.${dead}.${nonce}`,
      `.live.${self.sync()}.${nonce}/.x.${dead}.${nonce}`,
    ])
      writeFileSync(at(name), '')
    for (const name of ['file', 'a/file', 'a/b/.file', `a/b/.file.${unknowable}.${nonce}`]) writeFileSync(at(name), '')
    for (const name of debris) if (!existsSync(at(name))) writeFileSync(at(name), '')
    return debris.sort()
  }
  const everything = (dir: string) =>
    readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .map(name => name.replaceAll(sep, '/'))
      .sort()

  holds('recursive: sweeps the directories below, too, and follows no link', async () => {
    for (const way of [sweep, sweep.sync]) {
      const [dir, outside] = [scratch(), scratch()]
      const debris = layDebris(dir)
      const untouched = `.file.${ownerThatDied()}.${nonce}`
      writeFileSync(join(outside, untouched), '')
      symlinkSync(outside, join(dir, 'a/link'))
      const before = everything(dir)
      assert.equal(await way(dir), [debris.find(name => !name.includes('/'))])
      assert.equal(
        await way(dir, { recursive: true }),
        debris.filter(name => name.includes('/')),
      )
      const goneWith = (name: string) => debris.some(one => name === one || name.startsWith(`${one}/`))
      assert.equal(
        everything(dir),
        before.filter(name => !goneWith(name)),
      )
      assert.equal(readdirSync(outside), [untouched])
    }
  })

  holds('recursive: a directory that cannot be read is an error, after all others were swept', async () => {
    const dir = scratch()
    const debris = layDebris(dir)
    const steps = through(sweep.steps(dir, { recursive: true }), call => {
      if (call.op !== 'list') return call
      const listed = realpathSync(call.args[0] as string)
      if (listed === realpathSync(join(dir, 'a/b')))
        throw Object.assign(new Error('EACCES'), { code: 'EACCES', errno: -13, syscall: 'scandir' })
      if (listed === realpathSync(join(dir, 'c')))
        throw Object.assign(new Error('ENOENT'), { code: 'ENOENT', errno: -2, syscall: 'scandir' })
      return call
    })
    await assert.rejects(drive(steps), { code: 'EACCES' })
    const left = debris.filter(name => existsSync(join(dir, name)))
    assert.equal(
      left,
      debris.filter(name => /^(a\/b|c)\//.test(name)),
    )
  })

  holds('dryRun: says what would go, and changes nothing, not even a time', async () => {
    const dir = scratch()
    const debris = layDebris(dir)
    const told = () => ['.', 'a', 'a/b', 'c', ...debris].map(name => statSync(join(dir, name)).ctimeMs)
    const before = [everything(dir), told()]
    for (const way of [sweep, sweep.sync]) {
      assert.equal(await way(dir, { dryRun: true, recursive: true }), debris)
      assert.equal(
        await way(dir, { dryRun: true, recursive: true, grace: 0 }),
        [...debris, `a/b/.file.${unknowable}.${nonce}`].sort(),
      )
      assert.equal(
        await way(dir, { dryRun: true }),
        debris.filter(name => !name.includes('/')),
      )
      assert.equal([everything(dir), told()], before)
    }
    assert.equal(await sweep(dir, { recursive: true }), debris)
  })

  holds('a name that a user has made is never taken for one of ours, however much it looks like one', async () => {
    const dir = scratch()
    const names = ['.cache.us-east-1.deadbeefdeadbeef', '.env.my-app-2.0123456789abcdef', '.holdfast', '.a.holdfast']
    names.push(`.file.${ownerThatDied()}.0123456789abcdef`, `.cell.${ownerThatDied()}.0123456789abcdef.payload`)
    for (const name of names) writeFileSync(join(dir, name), name)
    assert.equal(await sweep(dir, { grace: 0 }), [])
    assert.equal(readdirSync(dir).sort(), names.sort())
    // What is not ours is not spared either, where all that is there must go.
    await emptyDir(dir)
    assert.equal(readdirSync(dir), [])
  })

  holds('of two private names of one inode none is spared because the other was removed', async () => {
    const dir = scratch()
    const names = ['a', 'b', 'c'].map(name => `.${name}.${unknowable}.${nonce}`)
    const [first = '', ...others] = names
    writeFileSync(join(dir, first), '')
    for (const name of others) linkSync(join(dir, first), join(dir, name))
    await wait(120)
    // The removal of one changes the ctime of all.
    assert.equal(await sweep(dir, { grace: 60 }), names)
    mkdirSync(join(dir, 'in/deep'), { recursive: true })
    const apart = [first, `in/${first}`, `in/deep/${first}`]
    writeFileSync(join(dir, first), '')
    for (const name of apart.slice(1)) linkSync(join(dir, first), join(dir, name))
    await wait(120)
    assert.equal(await sweep(dir, { grace: 60, recursive: true }), apart.sort())
  })

  holds('bad input, and no directory, are errors', async () => {
    const dir = scratch()
    await assert.rejects(sweep(join(dir, 'none')), { code: 'ENOENT' })
    writeFileSync(join(dir, 'file'), '')
    await assert.rejects(sweep(join(dir, 'file')), { code: 'ENOTDIR' })
    await assertRefusesBadInput(sweep, dir, [
      [[dir, { grace: -1 }], 'ERR_OUT_OF_RANGE'],
      [[dir, { grace: '1 day' }], 'ERR_INVALID_ARG_TYPE'],
      [[dir, { recursive: 1 }], 'ERR_INVALID_ARG_TYPE'],
      [[dir, { dryRun: 'yes' }], 'ERR_INVALID_ARG_TYPE'],
      [[5], 'ERR_INVALID_ARG_TYPE'],
    ])
    await assert.rejects(sweep(dir, { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  })

  const dead = ownerThatDied()
  const trial: Trial<[string], string[]> = {
    setup: dir => {
      mkdirSync(join(dir, `.tree.${dead}.${nonce}/in`), { recursive: true })
      writeFileSync(join(dir, `.file.${dead}.${nonce}`), '')
      writeFileSync(join(dir, 'kept'), '')
    },
    args: dir => [dir],
    done: (dir, swept) => assert.equal([swept.length, readdirSync(dir)], [2, ['kept']]),
  }
  const none: Trial<[string], string[]> = { args: dir => [join(dir, 'none')] }

  holds('whichever call fails, its error comes out, or what is promised holds', () =>
    assertOriginalErrorComesOut(sweep, trial),
  )

  holds('both forms come to the same', () => assertSyncAndAsyncAgree(sweep, trial, none))

  holds('whatever is killed, at whichever call, what it leaves is swept', async () => {
    const source = scratch()
    mkdirSync(join(source, 'tree/in'), { recursive: true })
    for (const name of ['tree/in/one', 'tree/two', 'file']) writeFileSync(join(source, name), name)
    const acts = [
      `writeFile.steps(dir + '/target', 'new')`,
      `createExclusive.steps(dir + '/fresh', 'new')`,
      `copy.steps(source + '/tree', dir + '/copied')`,
      `symlink.steps('x', dir + '/target', { replace: true })`,
      `remove.steps(dir + '/gone')`,
      `emptyDir.steps(dir + '/gone')`,
    ]
    // Each call takes a process. In `npm test` it is one of three calls, others each time.
    const stride = sized(3, 1)
    let died = 0
    for (const act of acts) {
      for (let call = startOf(stride); call < 60; call += stride) {
        const dir = scratch()
        mkdirSync(join(dir, 'gone/in'), { recursive: true })
        for (const name of ['target', 'gone/in/file']) writeFileSync(join(dir, name), 'old')
        const script = `
          import { ${act.slice(0, act.indexOf('.'))} } from ${JSON.stringify(import.meta.resolve('holdfast'))}
          import { dual } from ${JSON.stringify(import.meta.resolve('holdfast/steps'))}
          import { killedAt } from ${JSON.stringify(import.meta.resolve('holdfast/testing'))}
          const [dir, source] = ${JSON.stringify([dir, source])}
          dual(() => killedAt(${act}, ${call})).sync()`
        const { signal, status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
          encoding: 'utf8',
        })
        assert.is(stderr, '')
        for (const inside of ['.', 'gone', 'copied', 'copied/in'])
          if (existsSync(join(dir, inside))) await sweep(join(dir, inside))
        assert.equal(
          everything(dir).filter(name => /(^|\/)\./.test(name)),
          [],
          `${act}, killed at call ${call}`,
        )
        if (signal === null && status === 0) break
        died++
      }
    }
    note(
      `${died} killed, ${stride === 1 ? 'one at each call' : `at one of ${stride} calls`} of ${acts.length} functions; nothing is left of them`,
    )
    assert.ok(died > 40 / stride)
  })

  const setup = (dir: string): void => writeFileSync(join(dir, 'file'), 'old')
  const put = (dir: string, name: string) =>
    writeFile.steps(join(dir, 'file'), `${name}${name}`, { durability: 'none' })

  explored('explore: a writer, one that is killed, and two sweepers', () => {
    let swept = 0
    const world: World = {
      setup,
      players: dir => ({ A: put(dir, 'A'), B: put(dir, 'B') }),
      adversaries: dir => ({ S: sweep.steps(dir), T: sweep.steps(dir) }),
      kills: 1,
      check: ending => {
        nobodyThrew(ending)
        assert.match(readFileSync(join(ending.dir, 'file'), 'utf8'), /^(old|AA|BB)$/)
        const all = ['S', 'T'].flatMap(name => (ending.outcomes[name] as { value: string[] }).value)
        assert.is(new Set(all).size, all.length, 'one name, told to both')
        swept += all.length
      },
    }
    assert.ok(prove('2 writeFile, 2 sweep, 1 kill', world, {}, () => swept > 0).complete)
  })

  explored('explore: who is killed while it removes a directory, and two sweepers', () => {
    const world: World = {
      setup: dir => {
        mkdirSync(join(dir, 'tree/in'), { recursive: true })
        writeFileSync(join(dir, 'tree/in/file'), '')
      },
      players: dir => ({ A: remove.steps(join(dir, 'tree'), { concurrency: 1 }) }),
      adversaries: dir => ({ S: sweep.steps(dir, { concurrency: 1 }), T: sweep.steps(dir, { concurrency: 1 }) }),
      kills: 1,
      splitListings: true,
      check: ending => {
        nobodyThrew(ending)
        const names = readdirSync(ending.dir)
        assert.ok(names.length <= 1, `${names}`)
        if (answers({ ...ending, outcomes: { A: ending.outcomes.A as never } }).length > 0) assert.equal(names, [])
      },
    }
    assert.ok(prove('1 remove, 2 sweep, 1 kill', world).complete)
  })

  explored('explore catches: a sweeper that asks nobody whether the owner lives', () => {
    function* careless(dir: string): Steps<void> {
      for (const name of yield* fs.readdir(dir)) if (name.startsWith('.file.')) yield* fs.unlink(join(dir, name))
    }
    const world = { setup, players: (dir: string) => ({ A: put(dir, 'A') }), check: nobodyThrew }
    caught('a careless sweeper', /A threw ENOENT/, {
      ...world,
      adversaries: (dir: string) => ({ sweeper: careless(dir) }),
    })
  })

  for (const { kind, dir: place } of placesAnd('xfs')) {
    raced(`race on ${kind}: writers, writers that are killed, and sweepers`, async () => {
      const dir = scratch(place)
      let died = 0
      const swept: string[] = []
      const history = await race(import.meta.url, {
        dir,
        cast: { writer: 5, victim: 4, sweeper: 2 },
        rounds,
        after: results => {
          assert.equal(
            results.filter(({ how }) => how === 'threw'),
            [],
          )
          died += results.filter(({ how }) => how === 'died').length
          for (const { role, value } of results) if (role === 'sweeper') swept.push(...(value as string[]))
          for (const name of ['file-0', 'file-1'])
            assert.ok(ownerOf(readFileSync(join(dir, name)), bytes) !== undefined, 'torn')
        },
      })
      const late = await sweep(dir)
      note(
        `${kind}: ${rounds * 150} writes, 0 failed; ${died} killed; ${swept.length} names swept meanwhile, ${late.length} after`,
      )
      assert.equal(readdirSync(dir).sort(), ['file-0', 'file-1'], 'debris')
      assert.is(died, rounds * 4)
      assert.is(new Set(swept).size, swept.length, 'one name, told to two sweepers')
      assert.ok(swept.length > 0 && history.some(overlaps), 'no contention')
    })
  }

  for (const { kind, dir: place } of places) {
    raced(`race on ${kind} catches: a sweeper that asks nobody`, async () => {
      const dir = scratch(place)
      const caughtIn = await catchInRace(import.meta.url, { dir, cast: { writer: 5, careless: 2 } }, results =>
        results.some(({ role, how }) => role === 'writer' && how === 'threw'),
      )
      note(`${kind}: a writer fails in round ${caughtIn}`)
    })
  }
}
