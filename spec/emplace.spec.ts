import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { emplace } from 'holdfast'
import { dual, type Steps } from 'holdfast/steps'
import { contender, explore, type Made, overlaps, type World } from 'holdfast/testing'
import { sharedTemp } from './broken/broken.js'
import { caseless } from './broken/interfere.js'
import {
  assert,
  caught,
  explored,
  forAWhile,
  holds,
  looks,
  nobodyThrew,
  note,
  ownerOf,
  payload,
  places,
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

const bytes = 64 * 1024
const seconds = sized(2, 60)

/** On a busy machine each process goes on until it has had this many turns. */
const turns = 20

const plays = {
  writer: (dir: string, _round: number, number: number) =>
    forAWhile(seconds, turns, async turn => {
      const own = join(dir, `own-${number}-${turn}`)
      await writeFile(own, payload(number, bytes))
      return turn % 2
        ? emplace.sync(own, join(dir, 'target'), { durability: 'none' })
        : emplace(own, join(dir, 'target'), { durability: turn % 8 ? 'none' : 'file' })
    }),
  naive: (dir: string, _round: number, number: number) =>
    forAWhile(seconds, turns, turn =>
      sharedTemp(join(dir, 'target'), payload(number, bytes + (turn % 2))).then(
        () => true,
        () => false,
      ),
    ),
  reader: (dir: string) =>
    forAWhile(seconds, turns, () =>
      readFile(join(dir, 'target')).then(
        data => ownerOf(data, bytes) !== undefined,
        () => false,
      ),
    ),
}

/** Each player has a file of its own, `A.new` with `AA` in it, and puts it at `target`. */
const setup = (dir: string): void => {
  for (const name of ['A', 'B', 'C']) writeFileSync(join(dir, `${name}.new`), `${name}${name}`)
  writeFileSync(join(dir, 'target'), 'old')
}
const players =
  (names: readonly string[], put: (dir: string, name: string) => Steps<unknown>): World['players'] =>
  dir =>
    Object.fromEntries(names.map(name => [name, put(dir, name)]))

const emplaceOwn = (dir: string, name: string) =>
  emplace.steps(join(dir, `${name}.new`), join(dir, 'target'), { durability: 'none' })

const readers = { adversaries: (dir: string) => ({ reader: looks(join(dir, 'target')) }) }

/** The target is never torn or absent; after success the source is gone; the target of the last caller stays. */
const inPlace: World['check'] = ending => {
  const { reader: watcher, ...writers } = ending.outcomes
  const wholes = ['old', ...Object.keys(writers).map(name => `${name}${name}`)]
  const there = readFileSync(join(ending.dir, 'target'), 'utf8')
  assert.ok(wholes.includes(there), `torn: ${there}`)
  for (const saw of (watcher as { value?: unknown[] } | undefined)?.value ?? [])
    assert.ok(wholes.includes(saw as string), `the reader saw ${JSON.stringify(saw ?? 'nothing')}`)
  const done = Object.entries(writers).filter(([, outcome]) => outcome.how === 'returned')
  for (const [name] of done) assert.not(existsSync(join(ending.dir, `${name}.new`)), `${name} is still there`)
  if (done.length > 0) assert.is.not(there, 'old')
  // A lost reply leaves one case open, which the documentation names: the file was in place, and has been replaced
  // since.
  for (const [name, outcome] of Object.entries(writers))
    if (outcome.how === 'threw')
      assert.ok(there !== 'old' && there !== `${name}${name}`, `${name} threw, and it was done`)
}

if (!contender(plays)) {
  holds('puts a file in the place of another, or of nothing', async () => {
    const dir = scratch()
    const at = (name: string) => join(dir, name)
    writeFileSync(at('one'), '1')
    const { ino } = statSync(at('one'))
    assert.is(await emplace(at('one'), at('target')), true)
    assert.is(statSync(at('target')).ino, ino)
    writeFileSync(at('two'), '2')
    assert.is(emplace.sync(at('two'), at('target'), { durability: 'full' }), true)
    assert.is(readFileSync(at('target'), 'utf8'), '2')
    writeFileSync(at('three'), '3')
    assert.is(await emplace(at('three'), at('deep/er/target'), { parents: true }), true)
    assert.equal(readdirSync(dir).sort(), ['deep', 'target'])
  })

  holds('with ifAbsent it replaces nothing, and leaves the source alone', async () => {
    const dir = scratch()
    const at = (name: string) => join(dir, name)
    writeFileSync(at('one'), '1')
    writeFileSync(at('two'), '2')
    assert.is(await emplace(at('one'), at('target'), { ifAbsent: true }), true)
    assert.is(await emplace(at('two'), at('target'), { ifAbsent: true }), false)
    assert.is(readFileSync(at('target'), 'utf8'), '1')
    assert.equal(readdirSync(dir).sort(), ['target', 'two'])
  })

  holds('two names of one inode: rename does nothing, and yet the source is gone', async () => {
    const dir = scratch()
    writeFileSync(join(dir, 'a'), 'same')
    linkSync(join(dir, 'a'), join(dir, 'b'))
    assert.is(await emplace(join(dir, 'a'), join(dir, 'b')), true)
    linkSync(join(dir, 'b'), join(dir, 'c'))
    assert.is(emplace.sync(join(dir, 'c'), join(dir, 'b'), { ifAbsent: true }), true)
    assert.equal(readdirSync(dir), ['b'])
  })

  holds('two spellings of one name: with ifAbsent, too, the file stays', async () => {
    const dir = scratch()
    mkdirSync(join(dir, 'sub'))
    symlinkSync('sub', join(dir, 'link'))
    writeFileSync(join(dir, 'sub/a'), 'text')
    const spellings = [`${dir}/sub/a`, `${dir}/sub/./a`, `${dir}//sub//a`, `${dir}/link/a`, `${dir}/sub/../link/a`]
    for (const ifAbsent of [true, false])
      for (const from of spellings)
        for (const to of spellings) {
          assert.is(await emplace(from, to, { ifAbsent }), true)
          assert.is(emplace.sync(from, to, { ifAbsent, durability: 'full' }), true)
        }
    // Also when the file has another name somewhere else.
    linkSync(join(dir, 'sub/a'), join(dir, 'b'))
    for (const ifAbsent of [true, false])
      for (const from of spellings) for (const to of spellings) assert.is(await emplace(from, to, { ifAbsent }), true)
    assert.is(readFileSync(join(dir, 'sub/a'), 'utf8'), 'text')
    assert.equal([readdirSync(join(dir, 'sub')), statSync(join(dir, 'b')).nlink], [['a'], 2])
  })

  holds('where case does not count, or ß is ss, another spelling is no other name', () => {
    const dir = scratch()
    for (const [one, other] of [
      ['a', 'A'],
      ['straße', 'STRASSE'],
      ['\u00e9', 'e\u0301'],
    ] as const)
      for (const ifAbsent of [true, false])
        for (const links of [1, 2]) {
          const [from, to] = [join(dir, one), join(dir, other)]
          writeFileSync(from, 'text')
          if (links > 1) linkSync(from, join(dir, 'x'))
          assert.is(dual(() => caseless(dir, emplace.steps(from, to, { ifAbsent }))).sync(), true)
          assert.equal(readdirSync(dir), links > 1 ? [other, 'x'].sort() : [other])
          for (const name of readdirSync(dir)) rmSync(join(dir, name))
        }
  })

  holds('a link is put there as a link; a directory replaces an empty one', async () => {
    const dir = scratch()
    symlinkSync('nowhere', join(dir, 'link'))
    await emplace(join(dir, 'link'), join(dir, 'target'))
    assert.ok(!existsSync(join(dir, 'target')) && readdirSync(dir).includes('target'))
    mkdirSync(join(dir, 'full/in'), { recursive: true })
    mkdirSync(join(dir, 'empty'))
    await emplace(join(dir, 'full'), join(dir, 'empty'))
    assert.equal(readdirSync(join(dir, 'empty')), ['in'])
    mkdirSync(join(dir, 'other'))
    await assert.rejects(emplace(join(dir, 'other'), join(dir, 'empty')), { code: 'ENOTEMPTY' })
  })

  holds('what is missing is an error, and so is bad input', async () => {
    const dir = scratch()
    writeFileSync(join(dir, 'file'), '')
    await assert.rejects(emplace(join(dir, 'none'), join(dir, 'x')), { code: 'ENOENT' })
    await assert.rejects(emplace(join(dir, 'none'), join(dir, 'p/x'), { parents: true }), { code: 'ENOENT' })
    await assert.rejects(emplace(join(dir, 'file'), join(dir, 'p/x')), { code: 'ENOENT' })
    await assertRefusesBadInput(emplace, dir, [
      [[join(dir, 'file'), ''], 'ERR_INVALID_ARG_VALUE'],
      [[join(dir, 'file'), join(dir, 'x'), { ifAbsent: 1 }], 'ERR_INVALID_ARG_TYPE'],
    ])
    assert.equal(readdirSync(dir), ['file'])
  })

  const trial: Trial<[string, string], boolean> = {
    setup,
    args: dir => [join(dir, 'A.new'), join(dir, 'target')],
    done: dir => assert.is(readFileSync(join(dir, 'target'), 'utf8'), 'AA'),
  }
  const astray: Trial<[string, string], boolean> = { ...trial, args: dir => [join(dir, 'none'), join(dir, 'target')] }

  holds('whichever call fails, its error comes out, or what is promised holds', () =>
    assertOriginalErrorComesOut(emplace, trial),
  )

  holds('both forms come to the same', () => assertSyncAndAsyncAgree(emplace, trial, astray))

  holds('whatever fails or is stopped leaves nothing private behind', () => assertNothingLeftBehind(emplace, trial))

  const [disk, other] = places
  if (!disk || !other) holds.skip('across devices', 'there is only one here')
  else
    holds('across devices the bytes and the mode go over, at once', async () => {
      const [here, there] = [scratch(disk.dir), scratch(other.dir)]
      const source = join(here, 'source')
      writeFileSync(source, 'over', { mode: 0o600 })
      assert.is(await emplace(source, join(there, 'deep/target'), { parents: true }), true)
      assert.is(readFileSync(join(there, 'deep/target'), 'utf8'), 'over')
      assert.is(statSync(join(there, 'deep/target')).mode & 0o777, 0o600)
      writeFileSync(source, 'again')
      assert.is(emplace.sync(source, join(there, 'deep/target'), { ifAbsent: true }), false)
      assert.ok(existsSync(source))
      assert.is(emplace.sync(source, join(there, 'deep/target'), { durability: 'full' }), true)
      assert.is(readFileSync(join(there, 'deep/target'), 'utf8'), 'again')
      assert.equal(readdirSync(join(there, 'deep')), ['target'])
      assert.equal(readdirSync(here), [])
      mkdirSync(join(here, 'dir'))
      for (const ifAbsent of [true, false])
        await assert.rejects(emplace(join(here, 'dir'), join(there, 'dir'), { ifAbsent }), { code: 'EXDEV' })
    })

  if (disk && other)
    holds('across devices links go over, too, and a file keeps its times and its owner', async () => {
      const [here, there] = [scratch(disk.dir), scratch(other.dir)]
      const [from, to] = [join(here, 'source'), join(there, 'target')]
      const text = Buffer.from([0x61, 0xff, 0x62])
      symlinkSync(text, from)
      assert.is(await emplace(from, to), true)
      symlinkSync('other', from)
      assert.is(await emplace(from, to, { ifAbsent: true }).catch(error => error.code), 'EEXIST')
      assert.equal([...readlinkSync(to, 'buffer')], [...text])
      assert.is(emplace.sync(from, to), true)
      assert.equal([readlinkSync(to), readdirSync(here)], ['other', []])
      writeFileSync(from, 'text', { mode: 0o604 })
      if (process.getuid?.() === 0) chownSync(from, 4321, 1234)
      utimesSync(from, 1_000_000_000.25, 1_111_111_111.5)
      const { uid, gid, mode } = statSync(from)
      assert.is(await emplace(from, to, { durability: 'full' }), true)
      const now = statSync(to)
      assert.equal([now.uid, now.gid, now.mode], [uid, gid, mode])
      assert.equal([now.atimeMs, now.mtimeMs], [1_000_000_000_250, 1_111_111_111_500])
    })

  explored('across devices the new name is on the disk before the old one goes', () => {
    for (const durability of ['none', 'file', 'full'] as const)
      for (const ifAbsent of [false, true]) {
        let looked = 0
        explore({
          setup: dir => {
            mkdirSync(join(dir, 'there'))
            writeFileSync(join(dir, 'source'), 'text')
          },
          players: dir => ({
            A: emplace.steps(join(dir, 'source'), join(dir, 'there/target'), { durability, ifAbsent }),
          }),
          failures: 1,
          failWith: ['EXDEV'],
          failIn: ['rename', 'link'],
          check: ({ log, outcomes }) => {
            const at = (what: (one: Made) => boolean) => log.findIndex(what)
            const away = at(({ op, failed }) => failed && (op === 'rename' || op === 'link'))
            if (away < 0 || outcomes.A?.how !== 'returned') return
            looked++
            const named = log.findLastIndex(({ op, args }) => /rename|link/.test(op) && args[1] === '/there/target')
            const gone = at(
              ({ op, args, failed }) =>
                /unlink|rename/.test(op) && args[0] === '/source' && args[1] !== '/there/target' && !failed,
            )
            assert.ok(away < named && named < gone)
            const syncs = log.slice(0, gone).flatMap(({ op }, at) => (op === 'fsync' ? [at] : []))
            if (durability === 'none') assert.equal(syncs, [])
            else assert.ok(syncs.some(at => at < named) && syncs.some(at => at > named), String(syncs))
          },
        })
        assert.ok(looked > 0)
      }
  })

  explored('explore: two writers and a reader, with a kill and a lie', () => {
    const world = { setup, ...readers, players: players(['A', 'B'], emplaceOwn), check: inPlace, kills: 1, lies: 1 }
    assert.ok(prove('2 emplace, 1 reader, 1 kill, 1 lie', world).complete)
  })

  explored('explore: three writers, with a kill and a lie', () => {
    const world = { setup, players: players(['A', 'B', 'C'], emplaceOwn), check: inPlace, kills: 1, lies: 1 }
    assert.ok(prove('3 emplace, 1 kill, 1 lie', world).complete)
  })

  explored('explore: one source that two callers put at one place', () => {
    const shared = (dir: string) => emplace.steps(join(dir, 'A.new'), join(dir, 'target'), { durability: 'none' })
    const found = prove('2 emplace of one source', {
      setup,
      players: dir => ({ A: shared(dir), B: shared(dir) }),
      check: ending => {
        assert.is(readFileSync(join(ending.dir, 'target'), 'utf8'), 'AA')
        assert.not(existsSync(join(ending.dir, 'A.new')))
        // A caller that finds the source gone gets ENOENT, and no other error.
        for (const outcome of Object.values(ending.outcomes))
          if (outcome.how === 'threw') assert.is((outcome.error as NodeJS.ErrnoException).code, 'ENOENT')
      },
    })
    assert.ok(found.complete)
  })

  explored('explore: with ifAbsent one of two wins, and the other keeps its source', () => {
    const put = (dir: string, name: string) =>
      emplace.steps(join(dir, `${name}.new`), join(dir, 'fresh'), { ifAbsent: true, durability: 'none' })
    const found = prove('2 emplace ifAbsent, 1 lie', {
      setup,
      players: players(['A', 'B'], put),
      lies: 1,
      check: ending => {
        nobodyThrew(ending)
        const winners = Object.entries(ending.outcomes).filter(([, one]) => (one as { value?: unknown }).value === true)
        assert.is(winners.length, 1, `${winners.length} winners`)
        const [name, other] = winners[0]?.[0] === 'A' ? ['A', 'B'] : ['B', 'A']
        assert.is(readFileSync(join(ending.dir, 'fresh'), 'utf8'), `${name}${name}`)
        assert.ok(existsSync(join(ending.dir, `${other}.new`)) && !existsSync(join(ending.dir, `${name}.new`)))
      },
    })
    assert.ok(found.complete)
  })

  explored('explore: a failure or an abort at any call leaves the old or the new', () => {
    const durable = (dir: string, name: string) =>
      emplace.steps(join(dir, `${name}.new`), join(dir, 'target'), { durability: 'full' })
    const found = prove('2 emplace, 1 failure, 1 abort', {
      setup,
      ...readers,
      players: players(['A', 'B'], durable),
      failures: 1,
      aborts: 1,
      check: ending => {
        nobodyThrew(ending)
        assert.match(readFileSync(join(ending.dir, 'target'), 'utf8'), /^(old|AA|BB)$/)
        for (const saw of (ending.outcomes.reader as { value: string[] }).value) assert.match(saw, /^(old|AA|BB)$/)
      },
    })
    assert.ok(found.complete)
  })

  explored('explore catches: one temporary name for all', () => {
    const broken = (dir: string, name: string) => sharedTemp.steps(join(dir, 'target'), `${name}${name}`)
    const world = { setup, ...readers, players: players(['A', 'B'], broken) }
    caught('a shared temporary name', /torn|saw|ENOENT/, {
      ...world,
      check: ending => assert.match(readFileSync(join(ending.dir, 'target'), 'utf8'), /^(old|AA|BB)$/, 'torn'),
    })
    caught('a shared temporary name rejects', /ENOENT/, { ...world, check: nobodyThrew })
  })

  for (const { kind, dir: place } of places) {
    const cast = { writer: 8, reader: 4 }
    raced(`race on ${kind}: eight writers and four readers, ${seconds} seconds`, async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'target'), payload(0, bytes))
      const [results = []] = await race(import.meta.url, { dir, cast, rounds: 1 })
      const sums = sum(results)
      note(
        `${sums.writer.turns} writes, ${sums.writer.bad} rejected; ${sums.reader.turns} reads, ${sums.reader.bad} bad`,
      )
      assert.equal(
        results.filter(({ how }) => how !== 'returned'),
        [],
      )
      assert.is(sums.writer.bad + sums.reader.bad, 0)
      assert.equal(readdirSync(dir), ['target'], 'debris')
      assert.ok(overlaps(results) && sums.writer.turns > 50 && sums.reader.turns > 50, 'no contention')
    })

    raced(`race on ${kind} catches: one temporary name for all`, async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'target'), payload(0, bytes))
      const [results = []] = await race(import.meta.url, { dir, cast: { naive: 4, reader: 2 }, rounds: 1 })
      const { naive, reader } = sum(results)
      note(`${naive.bad} of ${naive.turns} writes rejected, ${reader.bad} of ${reader.turns} reads torn or absent`)
      assert.ok(naive.bad > 0 && reader.bad > 0)
    })
  }
}

function sum(
  results: readonly { role: string; value?: unknown }[],
): Record<keyof typeof plays, { turns: number; bad: number }> {
  const sums = { writer: { turns: 0, bad: 0 }, naive: { turns: 0, bad: 0 }, reader: { turns: 0, bad: 0 } }
  for (const { role, value } of results) {
    const one = (value ?? { turns: 0, bad: 0 }) as { turns: number; bad: number }
    sums[role as keyof typeof sums].turns += one.turns
    sums[role as keyof typeof sums].bad += one.bad
  }
  return sums
}
