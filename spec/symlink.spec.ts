import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type SymlinkOptions, symlink } from 'holdfast'
import { type Call, dual, fs, hasCode, type Steps } from 'holdfast/steps'
import { contender, overlaps, type World } from 'holdfast/testing'
import { lookThenSymlink, unlinkThenSymlink } from './broken/broken.js'
import { through } from './broken/interfere.js'
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

const turns = sized(200, 5000)

/** Reads a file through the link many times; returns how often it was absent. */
function reading(dir: string): { reads: number; absent: number } {
  const seen = { reads: 0, absent: 0 }
  for (; seen.reads < 2000; seen.reads++) {
    try {
      readlinkSync(join(dir, 'current'))
      readFileSync(join(dir, 'current/file'))
    } catch {
      seen.absent++
    }
  }
  return seen
}

const plays = {
  replacer: async (dir: string, _round: number, number: number) => {
    for (let i = 0; i < turns; i++)
      await (i % 2 ? symlink : symlink.sync)(`release-${(number + i) % 3}`, join(dir, 'current'), {
        replace: true,
        durability: 'none',
      })
  },
  naive: async (dir: string, _round: number, number: number) => {
    let rejected = 0
    for (let i = 0; i < turns; i++)
      await unlinkThenSymlink(`release-${(number + i) % 3}`, join(dir, 'current')).catch(() => rejected++)
    return rejected
  },
  reader: reading,
  linker: (dir: string, round: number, number: number) =>
    (number % 2 ? symlink : symlink.sync)('the-same', join(dir, `link-${round}`)),
  looker: (dir: string, round: number) => lookThenSymlink('the-same', join(dir, `link-${round}`)),
}

/** Makes three releases, and a link to one of them. */
function layOut(dir: string): void {
  for (let i = 0; i < 3; i++) {
    mkdirSync(join(dir, `release-${i}`))
    writeFileSync(join(dir, `release-${i}/file`), '')
  }
  symlinkSync('release-0', join(dir, 'current'))
}

if (!contender(plays)) {
  holds('makes a link, and says whether it was there', async () => {
    const dir = scratch()
    const at = (name: string) => join(dir, name)
    assert.is(await symlink('nowhere', at('dangling')), 'linked')
    assert.is(await symlink('nowhere', at('dangling')), 'already')
    assert.is(symlink.sync('nowhere', at('dangling'), { replace: true }), 'already')
    for (const text of ['../ up', '.', '/', 'new\nline', '雪', './a//b/', 'x'.repeat(255)]) {
      await symlink(text, at('verbatim'), { replace: true })
      assert.is(readlinkSync(at('verbatim')), text)
    }
    const odd = Buffer.from([0xff, 0x2f, 0x80])
    assert.is(symlink.sync(odd, at('bytes')), 'linked')
    assert.is(await symlink(odd, at('bytes')), 'already')
    assert.equal(readlinkSync(at('bytes'), 'buffer'), odd)
    writeFileSync(at('file'), 'content')
    await symlink(pathToFileURL(at('file')), pathToFileURL(at('by-url')), { durability: 'full' })
    assert.is(readFileSync(at('by-url'), 'utf8'), 'content')
    assert.is(await symlink('x', at('p/q/r'), { parents: true, type: 'dir' }), 'linked')
    assert.equal(readdirSync(dir).sort(), ['by-url', 'bytes', 'dangling', 'file', 'p', 'verbatim'])
  })

  holds('what has the name stays, unless it shall be replaced; a directory always', async () => {
    const dir = scratch()
    const at = (name: string) => join(dir, name)
    writeFileSync(at('file'), 'file')
    symlinkSync('elsewhere', at('link'))
    mkdirSync(at('dir'))
    for (const name of ['file', 'link', 'dir']) {
      await assert.rejects(symlink('new', at(name)), { code: 'EEXIST' })
      assert.throws(() => symlink.sync('new', at(name)), { code: 'EEXIST' })
    }
    assert.is(await symlink('new', at('file'), { replace: true }), 'linked')
    assert.is(await symlink('new', at('link'), { replace: true }), 'linked')
    await assert.rejects(symlink('new', at('dir'), { replace: true }), { code: 'EISDIR' })
    assert.equal([readlinkSync(at('file')), readlinkSync(at('link'))], ['new', 'new'])
    assert.ok(lstatSync(at('dir')).isDirectory())
    await assert.rejects(symlink('x', at('none/x')), { code: 'ENOENT' })
    await assert.rejects(symlink('x', at('link/x'), { parents: true }), { code: 'EEXIST' })
    assert.equal(readdirSync(dir).sort(), ['dir', 'file', 'link'])
  })

  holds('bad input is refused before anything is done', async () => {
    const dir = scratch()
    const path = join(dir, 'link')
    const bad: readonly [unknown, unknown, unknown, string][] = [
      ['', path, undefined, 'ERR_INVALID_ARG_VALUE'],
      ['a\0b', path, undefined, 'ERR_INVALID_ARG_VALUE'],
      [Buffer.alloc(0), path, undefined, 'ERR_INVALID_ARG_VALUE'],
      [Buffer.alloc(1), path, undefined, 'ERR_INVALID_ARG_VALUE'],
      [5, path, undefined, 'ERR_INVALID_ARG_TYPE'],
      ['x', '', undefined, 'ERR_INVALID_ARG_VALUE'],
      ['x', path, { type: 'directory' }, 'ERR_INVALID_ARG_VALUE'],
      ['x', path, { replace: 1 }, 'ERR_INVALID_ARG_TYPE'],
      ['x', path, { durability: 'x' }, 'ERR_INVALID_ARG_VALUE'],
    ]
    const rows = bad.map(([target, to, options, code]) => [[target, to, options], code] as const)
    await assertRefusesBadInput(symlink, dir, rows)
  })

  const trial: Trial<[string, string, SymlinkOptions?]> = {
    setup: dir => symlinkSync('old', join(dir, 'link')),
    args: dir => ['new', join(dir, 'link'), { replace: true }],
    done: dir => assert.is(readlinkSync(join(dir, 'link')), 'new'),
  }
  const taken: typeof trial = { ...trial, args: dir => ['new', join(dir, 'link')] }
  const there: typeof trial = { ...trial, args: dir => ['old', join(dir, 'link')] }

  holds('whichever call fails, its error comes out, or what is promised holds', () =>
    assertOriginalErrorComesOut(symlink, trial),
  )

  holds('both forms come to the same', () => assertSyncAndAsyncAgree(symlink, trial, taken, there))

  holds('whatever fails or is stopped leaves nothing private behind', () => assertNothingLeftBehind(symlink, trial))

  holds('the kind of link that Windows is to make is handed on, also for the private name', () => {
    for (const type of [undefined, 'file', 'dir', 'junction'] as const) {
      const made: Call[] = []
      const watch = (call: Call) => {
        if (call.op === 'symlink') made.push(call)
        return call
      }
      const path = join(scratch(), 'link')
      symlinkSync('old', path)
      assert.is(dual(() => through(symlink.steps('new', path, { type, replace: true }), watch)).sync(), 'linked')
      assert.equal(
        made.map(({ args }) => [args[0], args[2]]),
        [
          ['new', type],
          ['new', type],
        ],
      )
    }
  })

  const setup = (dir: string): void => symlinkSync('old', join(dir, 'link'))
  type Link = (target: string, path: string) => Steps<unknown>
  const players =
    (texts: Readonly<Record<string, string>>, link: Link): World['players'] =>
    dir =>
      Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, link(text, join(dir, 'link'))]))
  const replacing: Link = (target, path) => symlink.steps(target, path, { replace: true, durability: 'none' })
  const linking: Link = (target, path) => symlink.steps(target, path, { durability: 'none' })

  function* look(dir: string): Steps<string[]> {
    const saw: string[] = []
    for (let i = 0; i < 2; i++) {
      try {
        saw.push(String(yield* fs.readlink(join(dir, 'link'))))
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error
        saw.push('nothing')
      }
    }
    return saw
  }
  const readers = { adversaries: (dir: string) => ({ reader: look(dir) }) }

  const neverAbsent: World['check'] = ending => {
    const { reader, ...linkers } = ending.outcomes
    const there = readlinkSync(join(ending.dir, 'link'))
    assert.match(there, /^(old|a|b|c)$/)
    for (const saw of (reader as { value?: string[] } | undefined)?.value ?? [])
      assert.match(saw, /^(old|a|b|c)$/, `the reader saw ${saw}`)
    if (answers({ ...ending, outcomes: linkers }).length > 0) assert.is.not(there, 'old')
    if (Object.values(linkers).some(({ how }) => how === 'killed')) return
    assert.equal(readdirSync(ending.dir), ['link'], 'debris')
  }

  explored('explore: replacers and a reader', () => {
    const two = prove('2 symlink with replace, 1 reader, 1 kill', {
      setup,
      ...readers,
      players: players({ A: 'a', B: 'b' }, replacing),
      kills: 1,
      check: ending => {
        nobodyThrew(ending)
        neverAbsent(ending)
      },
    })
    const three = prove('3 symlink with replace, 1 lie', {
      setup,
      players: players({ A: 'a', B: 'b', C: 'a' }, replacing),
      lies: 1,
      // A lost reply: the link was there, and has been replaced since.
      check: neverAbsent,
    })
    assert.ok(two.complete && three.complete)
  })

  explored('explore: of those who make one link, one is told that he made it, and nobody that he failed', () => {
    const found = prove('3 symlink of one text', {
      players: players({ A: 'a', B: 'a', C: 'a' }, linking),
      check: ending => {
        nobodyThrew(ending)
        assert.equal(answers(ending).sort(), ['already', 'already', 'linked'])
      },
    })
    const lied = prove('2 symlink of one text, 1 kill, 1 lie', {
      players: players({ A: 'a', B: 'a' }, linking),
      kills: 1,
      lies: 1,
      check: ending => {
        nobodyThrew(ending)
        if (answers(ending).length > 0) assert.is(readlinkSync(join(ending.dir, 'link')), 'a')
      },
    })
    assert.ok(found.complete && lied.complete)
  })

  explored(
    'explore: with replace, nobody is told of a reply that was lost, though another has replaced the link since',
    () => {
      const found = prove('2 symlink with replace, 1 reader, 1 kill, 1 lie', {
        setup,
        ...readers,
        players: players({ A: 'a', B: 'b' }, replacing),
        kills: 1,
        lies: 1,
        check: ending => {
          nobodyThrew(ending)
          neverAbsent(ending)
        },
      })
      assert.ok(found.complete)
    },
  )

  explored('explore: somebody takes the link away, and its directory', () => {
    function* thief(dir: string): Steps<void> {
      for (const step of [fs.unlink(join(dir, 'd/link')), fs.rmdir(join(dir, 'd'))]) {
        try {
          yield* step
        } catch {}
      }
    }
    for (const replace of [false, true]) {
      const make = (dir: string, text: string) => symlink.steps(text, join(dir, 'd/link'), { parents: true, replace })
      const found = prove(`2 symlink with parents${replace ? ' and replace' : ''}, 1 thief`, {
        players: dir => ({ A: make(dir, 'a'), B: make(dir, replace ? 'b' : 'a') }),
        adversaries: dir => ({ thief: thief(dir) }),
        check: nobodyThrew,
      })
      assert.ok(found.complete)
    }
  })

  explored('explore: a failure, or an abort, leaves the old or the new, and nothing beside', () => {
    for (const budget of [{ failures: 1 }, { aborts: 1 }]) {
      const found = prove(`2 symlink with replace, ${JSON.stringify(budget)}`, {
        setup,
        players: players({ A: 'a', B: 'b' }, replacing),
        ...budget,
        check: ending => {
          nobodyElseThrew(ending)
          assert.match(readlinkSync(join(ending.dir, 'link')), /^(old|a|b)$/)
          const threw = Object.values(ending.outcomes).some(({ how }) => how === 'threw')
          if (threw) assert.equal(readdirSync(ending.dir), ['link'], 'debris')
        },
      })
      assert.ok(found.complete)
    }
  })

  explored('explore catches: a gap, and a look that is trusted', () => {
    const broken = (link: Link) => ({ setup, ...readers, players: players({ A: 'a', B: 'b' }, link) })
    caught('unlink, then symlink', /saw nothing/, { ...broken(unlinkThenSymlink.steps), check: neverAbsent })
    const same = { players: players({ A: 'a', B: 'a' }, lookThenSymlink.steps), check: nobodyThrew }
    caught('look, then symlink', /EEXIST/, same)
  })

  for (const { kind, dir: place } of placesAnd('overlayfs')) {
    raced(`race on ${kind}: four replacers beside two readers`, async () => {
      const dir = scratch(place)
      layOut(dir)
      const [results = []] = await race(import.meta.url, { dir, cast: { replacer: 4, reader: 2 }, rounds: 1 })
      const seen = results.flatMap(({ role, value }) =>
        role === 'reader' ? [value as ReturnType<typeof reading>] : [],
      )
      const [reads, absent] = [
        seen.reduce((sum, one) => sum + one.reads, 0),
        seen.reduce((sum, one) => sum + one.absent, 0),
      ]
      note(`${kind}: ${4 * turns} calls, ${reads} reads, ${absent} absent`)
      assert.ok(results.every(({ how }) => how === 'returned') && overlaps(results))
      assert.is(absent, 0)
      assert.equal(readdirSync(dir).sort(), ['current', 'release-0', 'release-1', 'release-2'])
    })

    raced(`race on ${kind}: eight make one link`, async () => {
      const dir = scratch(place)
      let contested = 0
      await race(import.meta.url, {
        dir,
        cast: { linker: 8 },
        rounds: sized(60, 2000),
        after: results => {
          assert.equal(results.map(({ value }) => value).sort(), [...Array(7).fill('already'), 'linked'])
          if (overlaps(results)) contested++
        },
      })
      assert.ok(contested > 10, 'no contention')
    })
  }

  for (const { kind, dir: place } of places) {
    raced(`race on ${kind} catches: a gap, and a look that is trusted`, async () => {
      const dir = scratch(place)
      layOut(dir)
      const [results = []] = await race(import.meta.url, { dir, cast: { naive: 4, reader: 2 }, rounds: 1 })
      const absent = results.reduce((sum, { value }) => sum + ((value as { absent?: number })?.absent ?? 0), 0)
      const rounds = await catchInRace(import.meta.url, { dir, cast: { looker: 8 } }, all =>
        all.some(({ how }) => how === 'threw'),
      )
      note(
        `${kind}: absent in ${absent} of 4000 reads; one that found the identical link is rejected in round ${rounds}`,
      )
      assert.ok(absent > 0)
    })
  }
}
