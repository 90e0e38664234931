import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { emptyDir, mkdirp, remove, writeFile as writeWhole } from 'holdfast'
import { driveSync, fs, hasCode, type Steps } from 'holdfast/steps'
import { contender, overlaps, type World } from 'holdfast/testing'
import { removeInPlace } from './broken/broken.js'
import { through } from './broken/interfere.js'
import { byPaths } from './support/by-paths.js'
import {
  answers,
  assert,
  asUser,
  canBeAnother,
  catchInRace,
  caught,
  explored,
  holds,
  nobodyElseThrew,
  nobodyThrew,
  note,
  places,
  placesAnd,
  prove,
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
import { possible } from './windows/flavour.js'

const root = process.getuid?.() === 0
const mounts = root && process.platform === 'linux'

/** Creates files in a tree for a while, and their directories again and again; never the tree itself. */
async function meddle(tree: string): Promise<number> {
  let made = 0
  for (const until = performance.now() + 15; performance.now() < until; ) {
    try {
      await mkdir(join(tree, `d${made % 7}`), { recursive: false }).catch(() => {})
      await writeFile(join(tree, `d${made % 7}`, `f${made}`), '')
      made++
    } catch {}
  }
  return made
}

const treeOf = (dir: string, round: number): string => join(dir, `tree-${round}`)

const plays = {
  writer: (dir: string, round: number) => meddle(treeOf(dir, round)),
  remover: async (dir: string, round: number, number: number) => {
    await new Promise(done => setTimeout(done, 4))
    return number % 2 ? remove.sync(treeOf(dir, round)) : remove(treeOf(dir, round))
  },
  emptier: async (dir: string, round: number) => {
    await new Promise(done => setTimeout(done, 4))
    await emptyDir(treeOf(dir, round))
  },
  whole: async (dir: string, round: number, number: number) => {
    for (let i = 0; i < 5; i++) await writeWhole(join(treeOf(dir, round), `w${number}`), `${i}`, { durability: 'none' })
  },
  naive: async (dir: string, round: number) => {
    await new Promise(done => setTimeout(done, 4))
    return removeInPlace(treeOf(dir, round))
  },
}

function layOut(tree: string): void {
  mkdirSync(tree)
  for (let d = 0; d < 7; d++) {
    mkdirSync(join(tree, `d${d}`))
    for (let f = 0; f < 8; f++) writeFileSync(join(tree, `d${d}`, `old${f}`), '')
  }
}

/** The number of things in a directory and below it. */
function count(dir: Buffer): number {
  const entries = readdirSync(dir, { encoding: 'buffer', withFileTypes: true })
  const within = ({ name }: { name: Buffer }) => Buffer.concat([dir, Buffer.from('/'), name])
  return entries.reduce((sum, entry) => sum + 1 + (entry.isDirectory() ? count(within(entry)) : 0), 0)
}

/** A tree with a bit of everything; beside it, what must not be touched. */
function everything(dir: string): string {
  const tree = join(dir, 'tree')
  mkdirSync(join(tree, 'a/b/c'), { recursive: true })
  mkdirSync(join(tree, 'empty'))
  mkdirSync(join(dir, 'outside'))
  writeFileSync(join(dir, 'outside/kept'), 'kept')
  for (const name of possible([' ', 'new\nline', '雪', 'x'.repeat(255), '-rf', '.hidden']))
    writeFileSync(join(tree, 'a', name), '')
  symlinkSync('../../outside', join(tree, 'a/to-outside'))
  symlinkSync(join(dir, 'outside'), join(tree, 'a/b/absolute'))
  symlinkSync('nowhere', join(tree, 'a/b/dangling'))
  symlinkSync('..', join(tree, 'a/b/c/up'))
  if (process.platform === 'linux') {
    const odd = Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe, 0x2e])])
    mkdirSync(odd)
    writeFileSync(Buffer.concat([odd, Buffer.from('/'), Buffer.from([0x80])]), '')
  }
  return tree
}

const untouched = (dir: string): void => {
  assert.equal(readdirSync(dir), ['outside'])
  assert.is(readFileSync(join(dir, 'outside/kept'), 'utf8'), 'kept')
}

if (!contender(plays)) {
  for (const form of ['promise', 'sync'] as const) {
    const take = async (path: string | URL, options?: object) =>
      form === 'sync' ? remove.sync(path, options) : remove(path, options)

    holds(`removes files, links and whole trees, and says whether it did (${form})`, async () => {
      const dir = scratch()
      const tree = everything(dir)
      assert.is(await take(tree), true)
      assert.is(await take(tree), false)
      untouched(dir)
      writeFileSync(join(dir, 'file'), '')
      symlinkSync('outside', join(dir, 'link'))
      symlinkSync('nowhere', join(dir, 'dangling'))
      assert.is(await take(join(dir, 'file')), true)
      // With a slash at the end, the system would follow the link.
      assert.is(await take(`${join(dir, 'link')}/`), true)
      assert.is(await take(join(dir, 'dangling')), true)
      assert.is(await take(join(dir, 'outside/kept/x')), false)
      assert.is(await take(join(dir, 'none/x')), false)
      mkdirSync(join(dir, 'empty'))
      assert.is(await take(new URL(`file://${dir}/empty`)), true)
      untouched(dir)
      const deep = join(dir, ...Array(200).fill('deep'))
      mkdirSync(deep, { recursive: true })
      assert.is(await take(join(dir, 'deep'), { concurrency: 1 }), true)
      untouched(dir)
    })
  }

  holds('a root, and what is no name, is refused; so is other bad input', async () => {
    for (const path of ['/', '//', '/.', '/..', '.', './', '..', '../', '/usr/..']) {
      await assert.rejects(remove(path), { code: 'ERR_INVALID_ARG_VALUE' })
      assert.throws(() => remove.sync(path), { code: 'ERR_INVALID_ARG_VALUE' })
    }
    const link = join(scratch(), 'to-root')
    symlinkSync('/', link)
    for (const path of ['/', link, '/usr/..']) {
      await assert.rejects(emptyDir(path), { code: 'ERR_INVALID_ARG_VALUE' })
      assert.throws(() => emptyDir.sync(path), { code: 'ERR_INVALID_ARG_VALUE' })
    }
    const dir = scratch()
    await assertRefusesBadInput(remove, dir, [
      [[join(dir, 'x'), { concurrency: 0 }], 'ERR_OUT_OF_RANGE'],
      [[join(dir, 'x'), { onProgress: 5 }], 'ERR_INVALID_ARG_TYPE'],
    ])
  })

  const trial: Trial<[string], boolean> = {
    setup: dir => void everything(dir),
    args: dir => [join(dir, 'tree')],
    done: (dir, removed) => assert.ok(removed && !existsSync(join(dir, 'tree'))),
  }
  const none: Trial<[string], boolean> = { args: dir => [join(dir, 'none')] }
  holds('whichever call fails, its error comes out, or what is promised holds', () =>
    assertOriginalErrorComesOut(remove, trial),
  )

  holds('both forms come to the same', () => assertSyncAndAsyncAgree(remove, trial, none))

  holds('whatever fails or is stopped leaves nothing private behind', () => assertNothingLeftBehind(remove, trial))

  holds('tells how far it has come; what that throws ends it, and what is left has its name again', async () => {
    const dir = scratch()
    const tree = everything(dir)
    const things = 1 + count(Buffer.from(tree))
    const seen: number[] = []
    const thrown = new Error('enough')
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      assert.ok(done <= total)
      seen.push(done)
      if (done >= 5) throw thrown
    }
    assert.is(await assert.rejects(remove(tree, { onProgress }), {}), thrown)
    assert.equal(readdirSync(dir).sort(), ['outside', 'tree'])
    const left = 1 + count(Buffer.from(tree))
    assert.ok(left < things && left > 1)
    const totals: unknown[] = []
    await remove(tree, { onProgress: progress => totals.push(progress) })
    assert.equal(totals.at(-1), { done: left, total: left, bytes: 0, totalBytes: undefined, path: tree })
    untouched(dir)
  })

  holds(
    'what is stopped never brings a part back: nothing has the name, and the rest goes in the background',
    async () => {
      const dir = scratch()
      const tree = join(dir, 'tree')
      layOut(tree)
      await assert.rejects(remove(tree, { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
      assert.ok(readdirSync(tree).length > 3)
      const controller = new AbortController()
      const onProgress = ({ done }: { done: number }) => done >= 10 && controller.abort()
      const stopped = remove(tree, { onProgress, signal: controller.signal, concurrency: 2 })
      await assert.rejects(stopped, { code: 'ABORT_ERR' })
      assert.not(existsSync(tree))
      while (readdirSync(dir).length > 0) await wait(5)
    },
  )

  if (!canBeAnother())
    holds.skip('directories that are read-only, or another’s', 'it takes root, and a checkout that others may read')
  else {
    holds('read-only directories of one’s own are no obstacle; another’s is an error, and has its name again', () => {
      const dir = scratch()
      chmodSync(dir, 0o777)
      const tree = join(dir, 'tree')
      const script = `
        import { mkdirSync, writeFileSync, chmodSync } from 'node:fs'
        mkdirSync('${tree}/a/b', { recursive: true })
        for (const name of ['a/x', 'a/b/y']) writeFileSync('${tree}/' + name, '')
        for (const [name, mode] of [['a/b', 0o000], ['a', 0o555], ['', 0o500]]) chmodSync('${tree}/' + name, mode)
        console.log(await holdfast.remove('${tree}'))`
      assert.equal(asUser(script), { said: 'true\n', code: 0 })
      assert.equal(readdirSync(dir), [])
      mkdirSync(join(tree, 'roots'), { recursive: true })
      writeFileSync(join(tree, 'roots/kept'), 'kept')
      chownSync(tree, 54_321, 54_321)
      const failing = `
        const error = await holdfast.remove('${tree}').catch(error => error)
        console.log(error.code, error.path)`
      assert.equal(asUser(failing), { said: `EACCES ${tree}/roots/kept\n`, code: 0 })
      assert.equal(readdirSync(dir), ['tree'])
      assert.is(readFileSync(join(tree, 'roots/kept'), 'utf8'), 'kept')
    })
  }

  if (!mounts) holds.skip('mount points', 'it takes root on Linux')
  else {
    holds('what is mounted inside is named, and not touched, also if it is the same device', async () => {
      const dir = scratch()
      const [tree, inside, other] = [join(dir, 'tree'), join(dir, 'tree/a/inside'), join(dir, 'other')]
      mkdirSync(inside, { recursive: true })
      mkdirSync(other)
      writeFileSync(join(other, 'kept'), 'kept')
      for (const args of [
        ['-t', 'tmpfs', 'tmpfs', inside],
        ['--bind', other, inside],
      ]) {
        assert.is(spawnSync('mount', args).status, 0)
        try {
          writeFileSync(join(inside, 'precious'), '')
          const began = performance.now()
          const patient = { retryFor: 60_000 }
          for (const act of [
            () => remove(tree, patient),
            async () => remove.sync(tree, patient),
            () => emptyDir(tree, patient),
          ]) {
            const error = await assert.rejects(act(), { code: 'EBUSY', message: /mounted/ })
            assert.is((error as NodeJS.ErrnoException).path, inside)
          }
          await assert.rejects(remove(inside, patient), { code: 'EBUSY', message: /mount point/ })
          assert.ok(performance.now() - began < 50_000, 'it waited for what cannot come')
          assert.ok(existsSync(join(inside, 'precious')))
          assert.equal(readdirSync(dir).sort(), ['other', 'tree'])
          // A mount point can be emptied.
          await emptyDir(inside)
          assert.equal(readdirSync(inside), [])
        } finally {
          spawnSync('umount', [inside])
        }
      }
      assert.is(await remove(tree), true)
    })

    holds('a directory of a lower layer of overlayfs, which cannot be renamed, is removed all the same', async () => {
      const dir = scratch(places.at(-1)?.dir)
      for (const name of ['lower/tree/a/b', 'upper', 'work', 'merged']) mkdirSync(join(dir, name), { recursive: true })
      writeFileSync(join(dir, 'lower/tree/a/file'), '')
      const layers = ['lower', 'upper', 'work'].map(name => `${name}dir=${join(dir, name)}`).join(',')
      const merged = join(dir, 'merged')
      if (spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, merged]).status !== 0) return
      try {
        assert.is(await remove(join(merged, 'tree')), true)
        assert.equal(readdirSync(merged), [])
        assert.ok(existsSync(join(dir, 'lower/tree/a/file')))
      } finally {
        spawnSync('umount', [merged])
      }
    })
  }

  holds('emptyDir empties, keeps the directory, and makes it if it is missing', async () => {
    const dir = scratch()
    const tree = everything(dir)
    const { ino } = statSync(tree)
    chmodSync(tree, 0o751)
    await emptyDir(tree)
    assert.equal([statSync(tree).ino, statSync(tree).mode & 0o777, readdirSync(tree)], [ino, 0o751, []])
    emptyDir.sync(join(dir, 'made/new'))
    assert.ok(statSync(join(dir, 'made/new')).isDirectory())
    writeFileSync(join(dir, 'file'), '')
    await assert.rejects(emptyDir(join(dir, 'file')), { code: 'ENOTDIR' })
    symlinkSync('outside', join(dir, 'link'))
    await emptyDir(join(dir, 'link'))
    assert.equal(readdirSync(join(dir, 'outside')), [])
    assert.ok(lstatSync(join(dir, 'link')).isSymbolicLink())
    const seen: unknown[] = []
    layOut(join(dir, 'counted'))
    await emptyDir(join(dir, 'counted'), { onProgress: progress => seen.push(progress) })
    assert.is((seen.at(-1) as { done: number }).done, 7 * 9)
  })

  const setup = (dir: string): void => {
    mkdirSync(join(dir, 'tree/in'), { recursive: true })
    writeFileSync(join(dir, 'tree/in/file'), 'old')
  }
  const taking = (dir: string) => remove.steps(join(dir, 'tree'), { concurrency: 2 })
  const two = (dir: string) => ({ A: taking(dir), B: taking(dir) })

  /** Creates files inside, as long as the directories are there. */
  function* maker(dir: string): Steps<void> {
    for (const name of ['tree/in/new', 'tree/new']) {
      try {
        yield* fs.close(yield* fs.open(join(dir, name), 'w'))
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error
      }
    }
  }
  const nothingLeft: World['check'] = ending => {
    nobodyThrew(ending)
    assert.equal(readdirSync(ending.dir), [], 'debris')
  }

  explored('explore: two removers, and one who makes things inside', () => {
    const world = { setup, players: two, adversaries: (dir: string) => ({ maker: maker(dir) }), splitListings: true }
    const found = prove('2 remove, 1 maker inside', {
      ...world,
      check: ending => {
        nothingLeft(ending)
        const { A, B } = ending.outcomes
        assert.equal(answers({ ...ending, outcomes: { A, B } as never }).sort(), [false, true])
      },
    })
    assert.ok(found.complete)
  })

  explored('explore: a remover and one who makes the directories again', () => {
    const found = prove('1 remove, 1 mkdirp', {
      setup,
      players: dir => ({ A: taking(dir), B: mkdirp.steps(join(dir, 'tree/in')) }),
      check: ending => {
        nobodyThrew(ending)
        assert.is((ending.outcomes.A as { value: unknown }).value, true)
        for (const name of readdirSync(ending.dir)) assert.is(name, 'tree', 'debris')
      },
    })
    assert.ok(found.complete)
  })

  explored('explore: two removers with a kill; what is left is nobody’s, and swept', () => {
    const found = prove('2 remove, 1 kill', {
      setup,
      players: two,
      kills: 1,
      check: ending => {
        nobodyThrew(ending)
        const killed = Object.values(ending.outcomes).some(({ how }) => how === 'killed')
        if (answers(ending).length > 0) assert.not(existsSync(join(ending.dir, 'tree')))
        const left = readdirSync(ending.dir).filter(name => name !== 'tree')
        assert.ok(left.length <= (killed ? 1 : 0), 'debris')
      },
    })
    assert.ok(found.complete)
  })

  explored('explore: two removers with a lie', () => {
    const found = prove('2 remove, 1 lie', { setup, players: two, lies: 1, check: nothingLeft })
    assert.ok(found.complete)
  })

  explored('explore: a failure or an abort at any call: it is gone, or has its name', () => {
    for (const budget of [{ failures: 1 }, { aborts: 1 }, { failures: 1, failWith: ['ENOSPC', 'EXDEV'] as const }]) {
      const check: World['check'] = ending => {
        nobodyElseThrew(ending)
        const names = readdirSync(ending.dir)
        assert.ok(names.every(name => name === 'tree') || names.length === 1, `debris: ${names}`)
      }
      const world = { setup, players: (dir: string) => ({ A: taking(dir) }), ...budget, check }
      assert.ok(prove(`1 remove, ${JSON.stringify(budget)}`, world).complete)
    }
  })

  holds('whenever another process removes the directory, emptyDir does not fail', () => {
    const runs = [(run: () => void) => run(), byPaths]
    for (const as of runs)
      for (let k = 0, calls = 1; calls > k; k++) {
        const dir = join(scratch(), 'd')
        mkdirSync(join(dir, 'sub/in'), { recursive: true })
        for (const name of ['one', 'sub/two']) writeFileSync(join(dir, name), '')
        calls = 0
        const disturbed = through(emptyDir.steps(dir), call => {
          if (calls++ === k) rmSync(dir, { recursive: true, force: true })
          return call
        })
        as(() => driveSync(disturbed))
      }
  })

  explored('explore: emptyDir beside a writer never makes it fail', () => {
    const found = prove('1 emptyDir, 1 writeFile', {
      setup,
      players: dir => ({
        A: emptyDir.steps(join(dir, 'tree')),
        B: writeWhole.steps(join(dir, 'tree/new'), 'new', { durability: 'none' }),
      }),
      check: ending => {
        nobodyThrew(ending)
        for (const name of readdirSync(join(ending.dir, 'tree'))) assert.is(name, 'new')
      },
    })
    assert.ok(found.complete)
  })

  explored('explore catches: deleted in place', () => {
    const world = {
      setup,
      players: (dir: string) => ({ A: removeInPlace.steps(join(dir, 'tree')) }),
      adversaries: (dir: string) => ({ maker: maker(dir) }),
    }
    caught('what is deleted in place', /A threw ENOTEMPTY/, { ...world, check: nobodyThrew })
  })

  const rounds = sized(40, 1000)
  for (const { kind, dir: place } of placesAnd('btrfs')) {
    raced(`race on ${kind}: two removers against four writers inside`, async () => {
      const dir = scratch(place)
      let made = 0
      const history = await race(import.meta.url, {
        dir,
        cast: { remover: 2, writer: 4 },
        rounds,
        before: round => layOut(treeOf(dir, round)),
        after: results => {
          assert.equal(
            results.filter(({ how }) => how !== 'returned'),
            [],
          )
          const removed = results.filter(({ role }) => role === 'remover').map(({ value }) => value)
          assert.equal(removed.sort(), [false, true])
          for (const { role, value } of results) if (role === 'writer') made += value as number
          // The writers do not make the tree itself, so it cannot come back.
          assert.equal(readdirSync(dir), [], 'debris')
        },
      })
      note(`${kind}: ${2 * rounds} calls, 0 rejected; ${made} files were made inside meanwhile`)
      assert.ok(made > rounds && history.some(overlaps), 'no contention')
    })

    raced(`race on ${kind}: emptyDir beside four writers of whole files`, async () => {
      const dir = scratch(place)
      let survived = 0
      await race(import.meta.url, {
        dir,
        cast: { emptier: 1, whole: 4 },
        rounds: rounds / 2,
        before: round => layOut(treeOf(dir, round)),
        after: (results, round) => {
          assert.equal(
            results.filter(({ how }) => how !== 'returned'),
            [],
          )
          const names = readdirSync(treeOf(dir, round))
          assert.ok(
            names.every(name => /^w\d$/.test(name)),
            `${names}`,
          )
          survived += names.length
          remove.sync(treeOf(dir, round))
        },
      })
      note(`${kind}: 0 rejected, of ${2 * rounds} files ${survived} were written after it was emptied`)
    })
  }

  for (const { kind, dir: place } of places) {
    raced(`race on ${kind} catches: deleted in place`, async () => {
      const dir = scratch(place)
      const before = (round: number) => layOut(treeOf(dir, round))
      const options = { dir, cast: { naive: 1, writer: 4 }, before }
      const caughtIn = await catchInRace(import.meta.url, options, (results, round) => {
        remove.sync(treeOf(dir, round))
        return results.some(({ role, how }) => role === 'naive' && how === 'threw')
      })
      note(`${kind}: rejected in round ${caughtIn}`)
    })
  }
}
