import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Existing, type LinkOptions, link } from 'holdfast'
import { fs, type Steps } from 'holdfast/steps'
import { contender, overlaps, type World } from 'holdfast/testing'
import { errnoTrustingLink } from './broken/broken.js'
import {
  answers,
  assert,
  catchInRace,
  caught,
  explored,
  holds,
  nobodyElseThrew,
  nobodyThrew,
  note,
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

/** The newest of the sources, each of which replaces the one before. */
const newest = (dir: string): string =>
  join(
    dir,
    readdirSync(dir)
      .filter(name => name.startsWith('source.'))
      .sort()
      .at(-1) ?? 'none',
  )

const plays = {
  linker: (dir: string, round: number, number: number) =>
    (number % 2 ? link : link.sync)(join(dir, 'source'), join(dir, String(round))),
  naive: (dir: string, round: number) => errnoTrustingLink(join(dir, 'source'), join(dir, String(round))),
  follower: (dir: string, round: number) =>
    link(() => newest(dir), join(dir, String(round)), { replace: true, tries: 100, backoff: 1 }),
  replacer: async (dir: string, round: number) => {
    for (let i = 0; i < 10; i++) {
      const next = join(dir, `source.${String(round).padStart(4, '0')}.${i}`)
      const old = newest(dir)
      writeFileSync(`${next}.part`, next)
      renameSync(`${next}.part`, next)
      unlinkSync(old)
      await sleep(1)
    }
  },
}

const setup = (dir: string): void => writeFileSync(join(dir, 'source'), 'source')
const players =
  (names: readonly string[], make: (from: string, to: string) => Steps<unknown>): World['players'] =>
  dir =>
    Object.fromEntries(names.map(name => [name, make(join(dir, 'source'), join(dir, 'name'))]))

const linked: World['check'] = ending => {
  nobodyThrew(ending)
  const all = answers(ending)
  if (all.length > 0) assert.is(lstatSync(join(ending.dir, 'name')).ino, lstatSync(join(ending.dir, 'source')).ino)
  assert.ok(all.every(answer => answer === 'linked' || answer === 'already'))
}
const linkedOnce: World['check'] = ending => {
  linked(ending)
  assert.is(answers(ending).filter(answer => answer === 'linked').length, 1)
}

if (!contender(plays)) {
  holds('gives a file a second name, and says whether it had it', async () => {
    const dir = scratch()
    setup(dir)
    assert.is(await link(join(dir, 'source'), join(dir, 'name')), 'linked')
    assert.is(await link(join(dir, 'source'), join(dir, 'name')), 'already')
    assert.is(
      link.sync(() => join(dir, 'source'), join(dir, 'p/q'), { parents: true }),
      'linked',
    )
    assert.is(await link(async () => join(dir, 'source'), join(dir, 'later')), 'linked')
    assert.is(statSync(join(dir, 'source')).nlink, 4)
    symlinkSync('source', join(dir, 'symbolic'))
    assert.is(await link(join(dir, 'symbolic'), join(dir, 'same')), 'linked')
    assert.is(await link(join(dir, 'symbolic'), join(dir, 'same')), 'already')
  })

  holds('what else has the name is an error, or is replaced at once', async () => {
    const dir = scratch()
    setup(dir)
    writeFileSync(join(dir, 'other'), 'other')
    await assert.rejects(link(join(dir, 'source'), join(dir, 'other')), { code: 'EEXIST' })
    await assert.rejects(link(join(dir, 'source'), join(dir, 'other'), { fallback: 'copy' }), { code: 'EEXIST' })
    assert.is(await link(join(dir, 'source'), join(dir, 'other'), { replace: true }), 'linked')
    assert.is(link.sync(join(dir, 'source'), join(dir, 'other'), { replace: true }), 'already')
    assert.is(readFileSync(join(dir, 'other'), 'utf8'), 'source')
    symlinkSync('nowhere', join(dir, 'dangling'))
    await assert.rejects(link(join(dir, 'source'), join(dir, 'dangling')), { code: 'EEXIST' })
    assert.equal(readdirSync(dir).sort(), ['dangling', 'other', 'source'])
  })

  holds('on ENOENT it says which side is missing, after how many tries', async () => {
    const dir = scratch()
    setup(dir)
    let asked = 0
    const nothing = () => {
      asked++
      return join(dir, 'none')
    }
    await assert.rejects(link(nothing, join(dir, 'name')), {
      code: 'ENOENT',
      message: /existing.*none'.*after 3 tries/,
    })
    assert.is(asked, 3)
    assert.throws(() => link.sync(join(dir, 'none'), join(dir, 'name'), { tries: 1 }), { message: /after 1 try\)/ })
    const error = await assert.rejects(link(join(dir, 'source'), join(dir, 'no/name')), {
      code: 'ENOENT',
      message: /the directory '.*no' is missing/,
    })
    assert.is((error as NodeJS.ErrnoException).syscall, 'link')
    await assert.rejects(link(join(dir, 'none'), join(dir, 'no/name'), { parents: true }), { message: /existing/ })
    assert.equal(readdirSync(dir), ['source'])
  })

  holds('a source that comes late is linked', async () => {
    const dir = scratch()
    setTimeout(() => setup(dir), 30)
    assert.is(await link(join(dir, 'source'), join(dir, 'name'), { tries: 100 }), 'linked')
  })

  holds('a directory cannot be linked, and neither is it copied', async () => {
    const dir = scratch()
    mkdirSync(join(dir, 'dir'))
    await assert.rejects(link(join(dir, 'dir'), join(dir, 'name')), { code: 'EPERM' })
    await assert.rejects(link(join(dir, 'dir'), join(dir, 'name'), { fallback: 'copy' }), { code: 'EPERM' })
  })

  holds('bad input is refused before anything is done', async () => {
    const dir = scratch()
    setup(dir)
    const at = (name: string) => join(dir, name)
    await assertRefusesBadInput(link, dir, [
      [['', at('x')], 'ERR_INVALID_ARG_VALUE'],
      [[at('source'), 1], 'ERR_INVALID_ARG_TYPE'],
      [[at('source'), at('x'), { tries: 0 }], 'ERR_OUT_OF_RANGE'],
      [[at('source'), at('x'), { fallback: 'move' }], 'ERR_INVALID_ARG_VALUE'],
      [[() => 5, at('x')], 'ERR_INVALID_ARG_TYPE'],
    ])
    assert.throws(() => link.sync(async () => at('source'), at('x')), { code: 'ERR_INVALID_RETURN_VALUE' })
    await assert.rejects(
      link(() => Promise.reject(new RangeError('mine')), at('x')),
      { name: 'RangeError' },
    )
    assert.equal(readdirSync(dir), ['source'])
  })

  const trial: Trial<[Existing, string, LinkOptions?]> = {
    setup: dir => {
      setup(dir)
      writeFileSync(join(dir, 'name'), 'other')
    },
    args: dir => [join(dir, 'source'), join(dir, 'name'), { replace: true }],
    done: dir => assert.is(readFileSync(join(dir, 'name'), 'utf8'), 'source'),
  }
  const taken: typeof trial = { ...trial, args: dir => [join(dir, 'source'), join(dir, 'name')] }
  const astray: typeof trial = { ...trial, args: dir => [join(dir, 'none'), join(dir, 'name'), { tries: 1 }] }

  holds('whichever call fails, its error comes out, or what is promised holds', () =>
    assertOriginalErrorComesOut(link, trial),
  )

  holds('both forms come to the same', () => assertSyncAndAsyncAgree(link, trial, taken, astray))

  holds('whatever fails or is stopped leaves nothing private behind', () => assertNothingLeftBehind(link, trial))

  const [disk, other] = places
  if (!disk || !other) holds.skip('across devices', 'there is only one here')
  else
    holds('across devices it is an error, or a copy, which the others find there', async () => {
      const [here, there] = [scratch(disk.dir), scratch(other.dir)]
      const from = join(here, 'source')
      writeFileSync(from, 'x'.repeat(200_000), { mode: 0o640 })
      await assert.rejects(link(from, join(there, 'name')), { code: 'EXDEV' })
      const all = await Promise.all(
        Array.from({ length: 8 }, () => link(from, join(there, 'name'), { fallback: 'copy' })),
      )
      assert.is(all.filter(answer => answer === 'copied').length, 1)
      assert.is(all.filter(answer => answer === 'already').length, 7)
      assert.ok(readFileSync(join(there, 'name')).equals(readFileSync(from)))
      assert.is(statSync(join(there, 'name')).mode & 0o777, 0o640)
      writeFileSync(from, 'y'.repeat(200_000))
      await assert.rejects(link(from, join(there, 'name'), { fallback: 'copy' }), { code: 'EEXIST' })
      assert.is(link.sync(from, join(there, 'name'), { fallback: 'copy', replace: true }), 'copied')
      assert.is(readFileSync(join(there, 'name'), 'utf8')[0], 'y')
      symlinkSync('anywhere', join(here, 'symbolic'))
      assert.is(link.sync(join(here, 'symbolic'), join(there, 'p/s'), { fallback: 'copy', parents: true }), 'copied')
      assert.is(link.sync(join(here, 'symbolic'), join(there, 'p/s'), { fallback: 'copy' }), 'already')
      // The text of a link is bytes, not always a string; and the link may dangle.
      symlinkSync(Buffer.from([0x61, 0xff, 0x62]), join(here, 'bytes'))
      const texts = await Promise.all(
        Array.from({ length: 4 }, () => link(join(here, 'bytes'), join(there, 'bytes'), { fallback: 'copy' })),
      )
      assert.equal(texts.sort(), ['already', 'already', 'already', 'copied'])
      assert.equal([...readlinkSync(join(there, 'bytes'), 'buffer')], [0x61, 0xff, 0x62])
      assert.equal(readdirSync(there).sort(), ['bytes', 'name', 'p'])
    })

  explored('explore: two linkers, and somebody who takes the name away, with a kill and a lie', () => {
    function* thief(dir: string): Steps<void> {
      try {
        yield* fs.unlink(join(dir, 'name'))
      } catch {}
    }
    const world = {
      setup,
      players: players(['A', 'B'], link.steps),
      adversaries: (dir: string) => ({ thief: thief(dir) }),
    }
    assert.ok(prove('2 link, 1 thief, 1 kill, 1 lie', { ...world, check: nobodyThrew, kills: 1, lies: 1 }).complete)
  })

  explored('explore: three linkers, with a kill and a lie', () => {
    const world = { setup, players: players(['A', 'B', 'C'], link.steps) }
    assert.ok(prove('3 link', { ...world, check: linkedOnce }).complete)
    assert.ok(prove('3 link, 1 kill, 1 lie', { ...world, check: linked, kills: 1, lies: 1 }).complete)
  })

  explored('explore: two linkers of a source that is replaced meanwhile', () => {
    function* replacer(dir: string): Steps<void> {
      yield* fs.rename(join(dir, 'source.1'), join(dir, 'source.2'))
      const fd = yield* fs.open(join(dir, 'fresh'), 'wx')
      yield* fs.close(fd)
      yield* fs.rename(join(dir, 'fresh'), join(dir, 'source.3'))
      yield* fs.unlink(join(dir, 'source.2'))
    }
    // `newest` reads the directory without the explorer, so footprints must not be used to leave out schedules.
    const follow = (dir: string) => link.steps(() => newest(dir), join(dir, 'name'), { replace: true, tries: 9 })
    const found = prove(
      '2 link by function, 1 replacer',
      {
        setup: dir => writeFileSync(join(dir, 'source.1'), ''),
        players: dir => ({ A: follow(dir), B: follow(dir) }),
        adversaries: dir => ({ replacer: replacer(dir) }),
        check: ending => {
          nobodyThrew(ending)
          assert.is(answers(ending).filter(answer => answer === 'linked' || answer === 'already').length, 2)
          assert.equal(readdirSync(ending.dir).sort(), ['name', 'source.3'], 'debris')
        },
      },
      { reduction: 'hash' },
    )
    assert.ok(found.complete)
  })

  const copying = (from: string, to: string) => link.steps(from, to, { fallback: 'copy' })
  const thief = (dir: string) => ({ thief: fs.unlink(join(dir, 'name')) })
  /** A link or a copy is right; so no player may throw, although some links fail. */
  const linkedOrCopied: World['check'] = ending => {
    const { thief: _, ...linkers } = ending.outcomes
    for (const [name, outcome] of Object.entries(linkers))
      if (outcome.how === 'threw') throw new Error(`${name} threw ${outcome.error}`)
    assert.equal(
      readdirSync(ending.dir).filter(name => name !== 'name'),
      ['source'],
      'debris',
    )
    if (existsSync(join(ending.dir, 'name'))) assert.is(readFileSync(join(ending.dir, 'name'), 'utf8'), 'source')
  }
  const unlinkable = { failures: 2, failWith: ['EXDEV'], failIn: ['link'] } as const

  explored(
    'explore: two linkers where nothing can be linked now and then, and somebody who takes the name away',
    () => {
      const world = { setup, players: players(['A', 'B'], copying), adversaries: thief, check: linkedOrCopied }
      assert.ok(prove('2 link with a copy to fall back on, 1 thief', { ...world, ...unlinkable }).complete)
    },
  )

  explored('explore: the same, where a copy is there already', () => {
    const copied = (dir: string) => {
      setup(dir)
      writeFileSync(join(dir, 'name'), 'source')
    }
    const world = { setup: copied, players: players(['A', 'B'], copying), adversaries: thief, check: linkedOrCopied }
    assert.ok(prove('2 link beside a copy, 1 thief', { ...world, ...unlinkable, failures: 1 }).complete)
  })

  explored('explore: a failure or an abort at any call leaves no debris', () => {
    const replacing = (from: string, to: string) => link.steps(from, to, { replace: true })
    const found = prove('2 link with replace, 1 failure, 1 abort', {
      setup: dir => {
        setup(dir)
        writeFileSync(join(dir, 'name'), 'other')
      },
      players: players(['A', 'B'], replacing),
      failures: 1,
      aborts: 1,
      check: ending => {
        nobodyElseThrew(ending)
        assert.match(readFileSync(join(ending.dir, 'name'), 'utf8'), /^(other|source)$/)
        const threw = Object.values(ending.outcomes).filter(({ how }) => how === 'threw').length
        if (threw === 2) assert.equal(readdirSync(ending.dir).sort(), ['name', 'source'], 'debris')
      },
    })
    assert.ok(found.complete)
  })

  explored('explore catches: a link that trusts the errno', () => {
    const world = { setup, players: players(['A', 'B'], errnoTrustingLink.steps) }
    caught('fs-extra’s ensureLink', /EEXIST/, { ...world, check: linkedOnce })
  })

  const rounds = sized(100, 4000)
  for (const { kind, dir: place } of places) {
    raced(`race on ${kind}: eight linkers of one name: one linked it, the others find it so`, async () => {
      const dir = scratch(place)
      setup(dir)
      let overlapping = 0
      await race(import.meta.url, {
        dir,
        cast: { linker: 8 },
        rounds,
        after: results => {
          assert.equal(
            results.filter(({ how }) => how !== 'returned'),
            [],
          )
          const values = results.map(({ value }) => value)
          assert.is(values.filter(value => value === 'linked').length, 1)
          assert.is(values.filter(value => value === 'already').length, 7)
          if (overlaps(results)) overlapping++
        },
      })
      note(`${rounds} rounds, ${overlapping} with overlapping calls`)
      assert.ok(overlapping > rounds / 4, 'no contention')
      assert.is(statSync(join(dir, 'source')).nlink, rounds + 1)
    })

    raced(`race on ${kind}: eight linkers of one name, while the source is replaced`, async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'source.0000'), '')
      const answers = { linked: 0, already: 0 }
      await race(import.meta.url, {
        dir,
        cast: { follower: 8, replacer: 1 },
        rounds,
        after: (results, round) => {
          assert.equal(
            results.filter(({ how }) => how !== 'returned'),
            [],
          )
          for (const { role, value } of results) if (role === 'follower') answers[value as keyof typeof answers]++
          assert.ok(existsSync(join(dir, String(round))))
        },
      })
      note(`${answers.linked} linked, ${answers.already} found it so`)
      assert.is(answers.linked + answers.already, 8 * rounds)
      assert.ok(answers.linked > rounds, 'the source was never replaced in time')
      assert.is(readdirSync(dir).length, rounds + 1, 'debris')
    })

    raced(`race on ${kind} catches: a link that trusts the errno`, async () => {
      const dir = scratch(place)
      setup(dir)
      const rounds = await catchInRace(import.meta.url, { dir, cast: { naive: 8 }, rounds: 150 }, results => {
        const rejected = results.filter(({ how }) => how === 'threw')
        assert.ok(rejected.every(({ code }) => code === 'EEXIST'))
        return rejected.length > 0
      })
      note(`a call is rejected in round ${rounds}`)
    })
  }
}
