import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copy } from 'holdfast'
import { fs, hasCode, orNothing, type Steps, tidy } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { checkThenMkdir, copyIfUnseen, copyInPlace } from '../broken/broken.js'
import { answers, assert, caught, explored, nobodyElseThrew, nobodyThrew, prove, proveLarge } from '../support/kit.js'
import { privateNames, shapeOf } from '../support/trees.js'

const read = (path: string): string => readFileSync(path, 'utf8')

const layWorld = (dir: string): void => {
  mkdirSync(join(dir, 'source'), { mode: 0o750 })
  writeFileSync(join(dir, 'source/file'), 'whole', { mode: 0o640 })
}
const layFile = (dir: string): void => writeFileSync(join(dir, 'source'), 'whole')
type Copier = (from: string, to: string) => Steps<unknown>
const players =
  (names: readonly string[], make: Copier): World['players'] =>
  dir =>
    Object.fromEntries(names.map(name => [name, make(join(dir, 'source'), join(dir, 'target'))]))
const one: Copier = (from, to) => copy.steps(from, to, { concurrency: 1 })
/** Each file by itself, because each is synced. */
const carefully: Copier = (from, to) => copy.steps(from, to, { concurrency: 1, durability: 'file' })

/** Reads a file so many times; returns what it saw. */
function* reader(path: string, looks: number): Steps<(string | undefined)[]> {
  const saw: (string | undefined)[] = []
  for (let i = 0; i < looks; i++) {
    try {
      saw.push((yield* fs.readFile(path)).toString())
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
      saw.push(undefined)
    }
  }
  return saw
}
const readers = (name: string, looks: number) => ({
  adversaries: (dir: string) => ({ reader: reader(join(dir, name), looks) }),
})

/** No reader ever sees a part; a private name is there only if a player was killed. */
const neverInPart =
  (...wholes: readonly (string | undefined)[]): World['check'] =>
  ({ dir, outcomes }) => {
    const { reader: watcher, ...copiers } = outcomes
    for (const saw of (watcher as { value?: string[] } | undefined)?.value ?? [])
      assert.ok(wholes.includes(saw), `the reader saw a part: ${JSON.stringify(saw)}`)
    for (const name of ['target', 'target/file']) {
      const path = join(dir, name)
      if (existsSync(path) && statSync(path).isFile()) assert.ok(wholes.includes(read(path)), `torn: ${read(path)}`)
    }
    const killed = Object.values(copiers).some(({ how }) => how === 'killed')
    if (!killed) assert.equal(privateNames(dir), [], 'debris')
  }
/** A player that returned has copied everything. */
const copied: World['check'] = ending => {
  nobodyThrew(ending)
  neverInPart(undefined, 'whole')(ending)
  const { reader: _, ...copiers } = ending.outcomes
  const done = answers({ ...ending, outcomes: copiers }).length > 0
  if (!done) return
  const [source, target] = ['source', 'target'].map(name => join(ending.dir, name)) as [string, string]
  if (lstatSync(source).isFile()) assert.is(read(target), 'whole')
  // Leftovers of killed players may be there, too.
  else for (const line of shapeOf(source)) assert.ok(shapeOf(target).includes(line), `${line} is missing`)
}

explored('explore: two copiers of a tree and a reader, with a kill', () => {
  const world = { setup: layWorld, ...readers('target/file', 1), check: copied, kills: 1 }
  proveLarge('2 copy of a tree, 1 reader, 1 kill', { ...world, players: players(['A', 'B'], one) }, 0)
  const broken = players(['A', 'B'], copyInPlace.steps)
  caught('fs.cp', /EEXIST/, { ...world, players: broken, check: nobodyThrew })
  caught('fs.cp', /saw a part|torn/, { ...world, players: broken, check: neverInPart(undefined, 'whole') })
})

explored('explore: two copiers of a tree, in handfuls or with more care, with a lie', () => {
  const world = { setup: layWorld, check: copied, lies: 1 }
  for (const [how, steps] of Object.entries({ 'in handfuls': one, 'with care': carefully })) {
    const what = `2 copy of a tree ${how}, 1 lie`
    proveLarge(what, { ...world, players: players(['A', 'B'], steps) }, how === 'with care' ? 1 : 0)
  }
})

explored('explore: two copiers of a directory with a link in it, with a kill and a lie', () => {
  const setup = (dir: string) => {
    mkdirSync(join(dir, 'source'), { mode: 0o750 })
    symlinkSync('nowhere', join(dir, 'source/link'))
  }
  const world = { setup, check: copied, kills: 1, lies: 1 }
  for (const overwrite of [true, false]) {
    const linking: Copier = (from, to) => copy.steps(from, to, { concurrency: 1, overwrite })
    const what = `2 copy of a link in a directory, overwrite: ${overwrite}, 1 kill, 1 lie`
    proveLarge(what, { ...world, players: players(['A', 'B'], linking) }, 0)
  }
  const trusting: Copier = function* (from, to) {
    yield* checkThenMkdir.steps(to)
    yield* fs.symlink(yield* fs.readlink(join(from, 'link')), join(to, 'link'))
  }
  caught('a link that trusts the errno', /EEXIST/, { ...world, players: players(['A', 'B'], trusting) })
})

explored('explore: three copiers of one file and a reader', () => {
  const world = { setup: layFile, ...readers('target', 1), check: copied }
  assert.ok(prove('3 copy of a file, 1 reader', { ...world, players: players(['A', 'B', 'C'], one) }).complete)
  const broken = players(['A', 'B', 'C'], copyInPlace.steps)
  caught('three copies in place', /saw a part/, { ...world, players: broken })
})

explored('explore: two copiers of one file onto another, and a reader', () => {
  const setup = (dir: string) => {
    layFile(dir)
    writeFileSync(join(dir, 'target'), 'old')
  }
  const check: World['check'] = ending => {
    nobodyThrew(ending)
    neverInPart('old', 'whole')(ending)
  }
  const world = { setup, players: players(['A', 'B'], one), check }
  const looking = readers('target', 2)
  // No call fails here, because a rename replaces its target.
  const replaced = () => true
  assert.ok(prove('2 copy over a file, 1 reader, 1 kill', { ...world, ...looking, kills: 1 }, {}, replaced).complete)
  assert.ok(prove('2 copy over a file, 1 kill, 1 lie', { ...world, kills: 1, lies: 1 }).complete)
  const broken = { ...world, ...looking, players: players(['A', 'B'], copyInPlace.steps) }
  caught('two copies in place', /saw a part/, broken)
  caught('two copies in place, one of which is killed', /torn/, { ...broken, adversaries: () => ({}), kills: 1 })
})

explored('explore: a copier, and one that puts a file at the target by rename', () => {
  const setup = (dir: string) => {
    layFile(dir)
    writeFileSync(join(dir, 'theirs'), 'theirs')
  }
  const check: World['check'] = ending => {
    nobodyThrew(ending)
    neverInPart(undefined, 'whole', 'theirs')(ending)
    // Once there, the target is never absent again.
    const { value: saw } = ending.outcomes.reader as { value: unknown[] }
    assert.not(saw[0] !== undefined && saw[1] === undefined, 'it was absent')
  }
  const adversaries = (dir: string) => ({
    reader: reader(join(dir, 'target'), 2),
    writer: fs.rename(join(dir, 'theirs'), join(dir, 'target')),
  })
  const world = { setup, adversaries, kills: 1, check }
  assert.ok(prove('1 copy, 1 writer, 1 reader, 1 kill', { ...world, players: players(['A'], one) }).complete)
  caught('a copy in place', /saw a part|torn/, { ...world, players: players(['A'], copyInPlace.steps) })
})

explored('explore: without `overwrite` the first one stays, whatever is said of it', () => {
  const setup = (dir: string) => {
    for (const name of ['A', 'B']) writeFileSync(join(dir, name), name)
  }
  const strict = (how: Copier) => (dir: string) => ({
    A: how(join(dir, 'A'), join(dir, 'target')),
    B: how(join(dir, 'B'), join(dir, 'target')),
  })
  const check: World['check'] = ending => {
    neverInPart(undefined, 'A', 'B')(ending)
    const winners = Object.entries(ending.outcomes).filter(([, { how }]) => how === 'returned')
    assert.ok(winners.length <= 1, 'two winners')
    if (winners[0]) assert.is(read(join(ending.dir, 'target')), winners[0][0])
    for (const outcome of Object.values(ending.outcomes))
      if (outcome.how === 'threw') assert.match((outcome.error as NodeJS.ErrnoException).code ?? '', /^(EEXIST|EIO)$/)
  }
  const world = { setup, check }
  const steps: Copier = (from, to) => copy.steps(from, to, { overwrite: false, errorOnExist: true })
  const found = prove('2 copy without overwrite, 1 lie', { ...world, players: strict(steps), lies: 1 })
  assert.ok(found.complete && found.failed.has('link EEXIST'))
  caught('a look, and then a copy', /two winners/, { ...world, players: strict(copyIfUnseen.steps) })
})

explored('explore: the directory above the target is taken away meanwhile, and made again', () => {
  const steps: Copier = (from, to) => copy.steps(from, join(to, 'name'), { parents: true })
  const world: Omit<World, 'players'> = {
    setup: layFile,
    adversaries: dir => ({ thief: tidy(fs.rmdir(join(dir, 'target'))) }),
    check: nobodyThrew,
  }
  assert.ok(prove('2 copy with parents, 1 thief', { ...world, players: players(['A', 'B'], steps) }).complete)
  const broken: Copier = function* (from, to) {
    yield* checkThenMkdir.steps(to)
    yield* copyInPlace.steps(from, join(to, 'name'))
  }
  caught('a directory that is made once', /ENOENT/, { ...world, players: players(['A'], broken) })
})

explored('explore: the target leads to a directory, and that link is taken away meanwhile', () => {
  const world: Omit<World, 'players'> = {
    setup: dir => {
      for (const name of ['source', 'real']) mkdirSync(join(dir, name))
      symlinkSync('real', join(dir, 'target'))
    },
    adversaries: dir => ({ thief: fs.unlink(join(dir, 'target')) }),
    check: ({ dir, outcomes }) => {
      // The target may be gone before the copy is finished, but nothing was ever in the way.
      for (const outcome of Object.values(outcomes))
        if (outcome.how === 'threw')
          assert.is((outcome.error as NodeJS.ErrnoException).code, 'ENOENT', 'it was in the way')
      assert.equal(privateNames(dir), [])
    },
  }
  assert.ok(prove('2 copy through a link, 1 thief', { ...world, players: players(['A', 'B'], one) }).complete)
  const broken: Copier = function* (from, to) {
    try {
      yield* fs.mkdir(to)
    } catch (error) {
      if (!(yield* fs.stat(to, orNothing))?.isDirectory()) throw error
    }
    yield* fs.list(from)
  }
  caught('an errno that is believed', /in the way/, { ...world, players: players(['A'], broken) })
})

explored('explore: a failure, or an abort, at any call leaves whole files, and nothing private', () => {
  const check: World['check'] = ending => {
    nobodyElseThrew(ending)
    const harmed = Object.values(ending.outcomes).some(({ how }) => how === 'threw')
    // If only the clean-up failed, the call did not.
    if (harmed) neverInPart(undefined, 'whole')(ending)
  }
  for (const fault of [{ failures: 1 }, { aborts: 1 }]) {
    const world = { setup: layWorld, check, ...fault }
    const what = `2 copy of a tree, ${JSON.stringify(fault)}`
    proveLarge(what, { ...world, players: players(['A', 'B'], one) }, 0)
    caught('a copy in place', /torn/, { ...world, players: players(['A'], copyInPlace.steps) })
  }
})
