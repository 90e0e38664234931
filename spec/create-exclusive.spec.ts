import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createExclusive, sweep } from 'holdfast'
import { dual, fs, hasCode, orNothing, type Steps } from 'holdfast/steps'
import { contender, killedAt, overlaps, type World } from 'holdfast/testing'
import { claim } from '../lib/parts/claim.js'
import { openThenWrite } from './broken/broken.js'
import {
  answers,
  assert,
  catchInRace,
  caught,
  explored,
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
import { soonOnWindows } from './support/left.js'
import { isWindows, possible } from './windows/flavour.js'

const bytes = 64 * 1024

/** Reads until it has found the file three times; returns how often it was not whole. */
function watch(dir: string, round: number): { reads: number; partial: number } {
  const until = performance.now() + 100
  const seen = { reads: 0, partial: 0 }
  while (seen.reads < 3 && performance.now() < until) {
    try {
      if (ownerOf(readFileSync(join(dir, String(round))), bytes) === undefined) seen.partial++
      seen.reads++
    } catch {}
  }
  return seen
}

/** The number of calls when nothing interferes: the victim dies before one of them, unless it comes too late. */
const calls = 9
const plays = {
  creator: (dir: string, round: number, number: number) =>
    (number % 2 ? createExclusive : createExclusive.sync)(join(dir, String(round)), payload(number + 1, bytes)),
  victim: (dir: string, round: number) => {
    const steps = createExclusive.steps(join(dir, String(round)), payload(99, bytes))
    return dual(() => killedAt(steps, round % calls)).sync()
  },
  naive: (dir: string, round: number, number: number) =>
    openThenWrite(join(dir, String(round)), payload(number + 1, bytes)),
  naiveVictim: (dir: string, round: number) =>
    dual(() => killedAt(openThenWrite.steps(join(dir, String(round)), payload(99, bytes)), round % 3)).sync(),
  reader: watch,
}

const content = (name: string): string => `${name} whole`
const players =
  (names: readonly string[], create: (file: string, data: string) => Steps<boolean>): World['players'] =>
  dir =>
    Object.fromEntries(names.map(name => [name, create(join(dir, 'file'), content(name))]))

const readers = { adversaries: (dir: string) => ({ reader: looks(join(dir, 'file')) }) }

/**
 * Exactly one call returns true, and the file is its own; no reader sees a part. A killed process leaves no half file.
 */
const oneWins: World['check'] = ending => {
  nobodyThrew(ending)
  const { reader: watcher, ...makers } = ending.outcomes
  const wholes = Object.keys(makers).map(content)
  const killed = Object.values(makers).some(({ how }) => how === 'killed')
  const winners = Object.keys(makers).filter(name => (makers[name] as { value?: unknown }).value === true)
  const path = join(ending.dir, 'file')
  const there = existsSync(path) ? readFileSync(path, 'utf8') : undefined
  if (there === undefined) assert.ok(killed && answers({ ...ending, outcomes: makers }).length === 0, 'nobody made it')
  else assert.ok(wholes.includes(there), `torn: ${there}`)
  for (const saw of (watcher as { value?: string[] } | undefined)?.value ?? [])
    assert.ok(saw === undefined || wholes.includes(saw), `the reader saw a part: ${JSON.stringify(saw)}`)
  assert.ok(winners.length <= 1, 'two winners')
  if (winners[0]) assert.is(there, content(winners[0]), 'the winner is not who made it')
  else assert.ok(killed || there === undefined, 'everybody lost')
  if (!killed) assert.equal(readdirSync(ending.dir), ['file'], 'debris')
}

if (!contender(plays)) {
  holds('creates a file once, whole, and says whose it is', async () => {
    const dir = scratch()
    const file = join(dir, 'new')
    assert.is(await createExclusive(file, 'first'), true)
    assert.is(await createExclusive(file, 'second'), false)
    assert.is(createExclusive.sync(file, 'third'), false)
    assert.is(readFileSync(file, 'utf8'), 'first')
    assert.is(await createExclusive(join(dir, 'empty'), ''), true)
    assert.is(await createExclusive(join(dir, 'view'), new Uint16Array(8).fill(0x4142)), true)
    assert.is(readFileSync(join(dir, 'view'), 'utf8'), 'BABABABABABABABA')
    assert.is(createExclusive.sync(join(dir, 'mode'), '', { mode: 0o600, durability: 'full' }), true)
    assert.is(statSync(join(dir, 'mode')).mode & 0o777, 0o600)
    assert.is(await createExclusive(join(dir, 'p/q/r'), 'deep', { parents: true, durability: 'none' }), true)
    assert.equal(readdirSync(dir).sort(), ['empty', 'mode', 'new', 'p', 'view'])
    assert.is(statSync(file).nlink, 1)
  })

  holds('odd names, and names of 255 bytes', async () => {
    const dir = scratch()
    const names = possible([
      ' ',
      'new\nline',
      '雪'.repeat(85),
      `${'é'.repeat(127)}x`,
      'x'.repeat(255),
      '.hidden',
      '-rf',
    ])
    for (const name of names) {
      assert.is(await createExclusive(join(dir, name), name), true)
      assert.is(readFileSync(join(dir, name), 'utf8'), name)
    }
    assert.is(readdirSync(dir).length, names.length)
  })

  holds('what is no file, and a link that leads nowhere, is an error; a link to a file is another’s file', async () => {
    const dir = scratch()
    mkdirSync(join(dir, 'dir'))
    symlinkSync('nowhere', join(dir, 'dangling'))
    symlinkSync('file', join(dir, 'link'))
    writeFileSync(join(dir, 'file'), 'there')
    await assert.rejects(createExclusive(join(dir, 'dir'), ''), { code: 'EEXIST' })
    await assert.rejects(createExclusive(join(dir, 'dangling'), ''), { code: 'EEXIST' })
    assert.is(await createExclusive(join(dir, 'link'), ''), false)
    await assert.rejects(createExclusive(join(dir, 'none/x'), ''), { code: 'ENOENT' })
    await assert.rejects(createExclusive(join(dir, 'file/x'), '', { parents: true }), { code: 'ENOTDIR' })
    assert.equal(readdirSync(dir).sort(), ['dangling', 'dir', 'file', 'link'])
  })

  holds('bad input is refused before anything is done', async () => {
    const dir = scratch()
    const file = join(dir, 'x')
    await assertRefusesBadInput(createExclusive, dir, [
      [['', ''], 'ERR_INVALID_ARG_VALUE'],
      [[file, 5], 'ERR_INVALID_ARG_TYPE'],
      [[file, undefined], 'ERR_INVALID_ARG_TYPE'],
      [[file, '', { durability: 'very' }], 'ERR_INVALID_ARG_VALUE'],
      [[file, '', { parents: 1 }], 'ERR_INVALID_ARG_TYPE'],
    ])
  })

  const trial: Trial<[string, string], boolean> = {
    args: dir => [join(dir, 'file'), 'whole'],
    done: (dir, mine) => assert.ok(mine && readFileSync(join(dir, 'file'), 'utf8') === 'whole'),
  }
  const taken: Trial<[string, string], boolean> = {
    ...trial,
    setup: dir => writeFileSync(join(dir, 'file'), 'another'),
  }
  const astray: Trial<[string, string], boolean> = { args: dir => [join(dir, 'none/file'), 'whole'] }

  holds('whichever call fails, its error comes out, or what is promised holds', () =>
    assertOriginalErrorComesOut(createExclusive, trial),
  )

  holds('both forms come to the same', () => assertSyncAndAsyncAgree(createExclusive, trial, taken, astray))

  holds('whatever fails or is stopped leaves nothing private behind', () =>
    assertNothingLeftBehind(createExclusive, trial),
  )

  explored('explore: two creators and a reader, with a kill and a lie', () => {
    const makers = players(['A', 'B'], (file, data) => createExclusive.steps(file, data, { durability: 'none' }))
    const found = prove('2 createExclusive, 1 reader, 1 kill, 1 lie', {
      ...readers,
      players: makers,
      check: oneWins,
      kills: 1,
      lies: 1,
    })
    assert.ok(found.complete && found.failed.has('link EEXIST'))
  })

  explored('explore: three creators, with a kill and a lie', () => {
    const makers = players(['A', 'B', 'C'], (file, data) => createExclusive.steps(file, data, { durability: 'none' }))
    const found = prove('3 createExclusive, 1 kill, 1 lie', { players: makers, check: oneWins, kills: 1, lies: 1 })
    assert.ok(found.complete && found.failed.has('link EEXIST'))
  })

  explored('explore: two creators and somebody who takes the file and its directory away', () => {
    function* thief(dir: string): Steps<void> {
      for (const step of [fs.unlink(join(dir, 'd/file')), fs.rmdir(join(dir, 'd'))]) {
        try {
          yield* step
        } catch {}
      }
    }
    const create = (dir: string) =>
      createExclusive.steps(join(dir, 'd/file'), 'x', { parents: true, durability: 'none' })
    const check: World['check'] = ending => {
      nobodyThrew(ending)
      const names = existsSync(join(ending.dir, 'd')) ? readdirSync(join(ending.dir, 'd')) : []
      assert.equal(
        names.filter(name => name !== 'file'),
        [],
        'debris',
      )
    }
    const adversaries = (dir: string) => ({ thief: thief(dir) })
    const two = { players: (dir: string) => ({ A: create(dir), B: create(dir) }), adversaries, check }
    assert.ok(prove('2 createExclusive with parents, 1 thief', two).complete)
    // Three players: one creates the file, one finds it, and one creates it again.
    const claiming = (dir: string) => {
      const claimed = (name: string) => claim(join(dir, name), join(dir, 'd/file'), { as: 'claim', path: name })
      return { A: claimed('A'), B: claimed('B'), C: claimed('C') }
    }
    const setup = (dir: string) => {
      mkdirSync(join(dir, 'd'))
      for (const name of ['A', 'B', 'C']) writeFileSync(join(dir, name), name)
    }
    const thiefOfFile = (dir: string) => ({ thief: fs.unlink(join(dir, 'd/file')) })
    assert.ok(
      prove('3 claims, 1 thief', {
        setup,
        players: claiming,
        adversaries: thiefOfFile,
        check: ending => {
          const { thief: _, ...rest } = ending.outcomes
          nobodyThrew({ ...ending, outcomes: rest })
        },
      }).complete,
    )
  })

  const wholeOrAbsent: World['check'] = ending => {
    nobodyThrew(ending)
    const path = join(ending.dir, 'file')
    if (existsSync(path)) assert.match(readFileSync(path, 'utf8'), /^[AB] whole$/)
    // A call that failed or was aborted has cleaned up. (If only the clean-up failed, the call did not.)
    const harmed = Object.values(ending.outcomes).some(({ how }) => how === 'threw')
    if (harmed)
      assert.equal(
        readdirSync(ending.dir).filter(name => name !== 'file'),
        [],
        'debris',
      )
  }
  const syncing = players(['A', 'B'], (file, data) => createExclusive.steps(file, data, { durability: 'full' }))

  explored('explore: a failure at any call, or a short write, leaves no debris and no half file', () => {
    assert.ok(prove('2 createExclusive, 1 failure', { players: syncing, failures: 1, check: wholeOrAbsent }).complete)
  })

  explored('explore: an abort at any call leaves no debris and no half file', () => {
    assert.ok(prove('2 createExclusive, 2 aborts', { players: syncing, aborts: 2, check: wholeOrAbsent }).complete)
  })

  explored('explore catches: open exclusively, then write', () => {
    const makers = players(['A', 'B'], openThenWrite.steps)
    caught('open(wx), then write', /saw a part/, { ...readers, players: makers, check: oneWins })
    caught('open(wx), then write, and a kill', /torn/, { players: makers, check: oneWins, kills: 1 })
  })

  explored('explore catches: an errno that is believed', () => {
    function* believing(file: string, data: string): Steps<boolean> {
      const stage = `${file}.${data[0]}`
      const fd = yield* fs.open(stage, 'wx')
      yield* fs.write(fd, Buffer.from(data))
      yield* fs.close(fd)
      try {
        yield* fs.link(stage, file)
        return true
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
        return (yield* fs.lstat(file, orNothing)) === undefined
      } finally {
        yield* fs.unlink(stage)
      }
    }
    caught('EEXIST is somebody else', /everybody lost/, {
      players: players(['A', 'B'], believing),
      lies: 1,
      check: ending => {
        const all = answers(ending)
        if (all.length === 2 && !all.includes(true)) throw new Error('everybody lost')
      },
    })
  })

  const rounds = sized(100, 4000)
  /** So many processes are killed at each call. */
  const times = sized(4, 100)
  for (const { kind, dir: place } of places) {
    const cast = { creator: 8, reader: 2 }
    raced(`race on ${kind}: eight creators, one winner a round, and readers never see a part`, async () => {
      const dir = scratch(place)
      const seen = { reads: 0, partial: 0, overlapping: 0 }
      await race(import.meta.url, {
        dir,
        cast,
        rounds,
        after: (results, round) => {
          const creators = results.filter(({ role }) => role === 'creator')
          assert.equal(
            creators.filter(({ how }) => how !== 'returned'),
            [],
          )
          const winners = creators.filter(({ value }) => value === true)
          assert.is(winners.length, 1, `${winners.length} winners in round ${round}`)
          assert.is(ownerOf(readFileSync(join(dir, String(round))), bytes), (winners[0]?.number ?? 0) + 1)
          if (overlaps(creators)) seen.overlapping++
          for (const { role, value } of results) if (role === 'reader') add(seen, value as typeof seen)
        },
      })
      // A scanner there may keep a name open for a moment, and the process that made it may have ended meanwhile.
      await soonOnWindows(async () => {
        if (isWindows) await sweep(dir)
        assert.is(readdirSync(dir).length, rounds, 'debris')
      })
      note(
        `${rounds} rounds, ${seen.overlapping} with overlapping calls; ${seen.partial} of ${seen.reads} reads were partial`,
      )
      assert.is(seen.partial, 0)
      assert.ok(seen.reads > rounds && seen.overlapping > rounds / 4, 'no contention')
    })

    raced(`race on ${kind}: one is killed at any of its calls, and the next caller succeeds`, async () => {
      const dir = scratch(place)
      const seen = { reads: 0, partial: 0, died: 0, poisoned: 0 }
      await race(import.meta.url, {
        dir,
        cast: { victim: 1, creator: 2, reader: 1 },
        rounds: times * calls,
        after: (results, round) => {
          const creators = results.filter(({ role }) => role === 'creator')
          assert.equal(
            creators.filter(({ how }) => how !== 'returned'),
            [],
          )
          if (createExclusive.sync(join(dir, String(round)), payload(7, bytes))) seen.poisoned++
          if (ownerOf(readFileSync(join(dir, String(round))), bytes) === undefined) seen.poisoned++
          seen.died += results.filter(({ how }) => how === 'died').length
          for (const { role, value } of results) if (role === 'reader') add(seen, value as typeof seen)
        },
      })
      note(`${seen.died} killed, ${seen.partial} of ${seen.reads} reads were partial`)
      assert.is(seen.partial + seen.poisoned, 0)
      assert.ok(seen.died > calls && seen.reads > times * calls, `${seen.died} died, ${seen.reads} reads`)
      // Killed processes leave private names behind, and nothing else.
      const debris = readdirSync(dir).filter(name => !/^\d+$/.test(name))
      assert.ok(
        debris.length > 0 && debris.every(name => /^\.\d+\.[a-z0-9-]+\.[a-z0-9]+\.holdfast$/.test(name)),
        String(debris),
      )
    })

    raced(`race on ${kind}: alone, killed before each of its calls, it leaves nothing or all`, async () => {
      const dir = mkdtempSync(join(scratch(place), 'x'))
      let whole = 0
      await race(import.meta.url, {
        dir,
        cast: { victim: 1 },
        rounds: calls * 2,
        after: ([result], round) => {
          const file = join(dir, String(round))
          if (existsSync(file)) whole++
          if (existsSync(file)) assert.is(ownerOf(readFileSync(file), bytes), 99)
          else assert.is(result?.how, 'died')
          // The next caller.
          assert.is(createExclusive.sync(file, payload(1, bytes)), !whole || ownerOf(readFileSync(file), bytes) === 1)
        },
      })
      assert.ok(whole > 0 && whole < calls * 2)
      rmSync(dir, { recursive: true })
    })

    raced(`race on ${kind} catches: open exclusively, then write`, async () => {
      const dir = scratch(place)
      const seen = { reads: 0, partial: 0, poisoned: 0 }
      const options = { dir, cast: { naive: 4, naiveVictim: 2, reader: 2 } }
      const rounds = await catchInRace(import.meta.url, options, (results, round) => {
        for (const { role, value } of results) if (role === 'reader') add(seen, value as typeof seen)
        if (ownerOf(readFileSync(join(dir, String(round))), bytes) === undefined) seen.poisoned++
        return seen.partial > 0 || seen.poisoned > 0
      })
      note(`${seen.partial} of ${seen.reads} reads partial, ${seen.poisoned} of ${rounds} files poisoned`)
    })
  }
}

function add(sum: { reads: number; partial: number }, { reads, partial }: { reads: number; partial: number }): void {
  sum.reads += reads
  sum.partial += partial
}
