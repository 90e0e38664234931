// `createExclusive` without hard links: on exFAT, and in worlds and races in which every link fails as it does there.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cell, createExclusive, emplace } from 'holdfast'
import { dual, type Steps } from 'holdfast/steps'
import { contender, type Ending, killedAt, overlaps, type Result, type World } from 'holdfast/testing'
import { linkless } from '../broken/linkless.js'
import {
  answers,
  assert,
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
} from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'

const bytes = 16 * 1024
const calls = 14
const make = (dir: string, round: number, number: number, here: <T>(steps: Steps<T>) => Steps<T>) =>
  here(createExclusive.steps(join(dir, String(round)), payload(number + 1, bytes), { durability: 'none' }))
const asItIs = <T>(steps: Steps<T>): Steps<T> => steps
const plays = {
  creator: (dir: string, round: number, number: number) => {
    const steps = dual(() => make(dir, round, number, linkless))
    return number % 2 ? steps() : steps.sync()
  },
  victim: (dir: string, round: number) => dual(() => killedAt(make(dir, round, 98, linkless), round % calls)).sync(),
  there: (dir: string, round: number, number: number) => dual(() => make(dir, round, number, asItIs))(),
}

/** Asserts that each round has one winner, which made the file that is there. */
function judged(dir: string, history: readonly (readonly Result[])[]): { died: number } {
  for (const [round, results] of history.entries()) {
    const threw = results.filter(({ how }) => how === 'threw').map(({ message }) => message)
    assert.equal(threw, [])
    const winners = results.filter(({ value }) => value === true)
    const owner = ownerOf(readFileSync(join(dir, String(round))), bytes)
    assert.ok(winners.length === 1 ? winners[0]?.number === (owner ?? 0) - 1 : owner === 99, `round ${round}`)
  }
  return { died: history.flat().filter(({ how }) => how === 'died').length }
}

const world = (names: readonly string[], budgets: Partial<World>): World => ({
  ...budgets,
  setup: dir => void cell.create.sync(join(dir, '.holdfast.lock'), { fields: ['f', '1'] }),
  players: dir =>
    Object.fromEntries(
      names.map(name => [
        name,
        linkless(createExclusive.steps(join(dir, 'file'), `${name} whole`, { durability: 'none' })),
      ]),
    ),
  check: (ending: Ending) => {
    nobodyThrew(ending)
    const { reader, ...makers } = ending.outcomes
    const killed = Object.values(makers).some(({ how }) => how === 'killed')
    const won = answers({ ...ending, outcomes: makers }).filter(value => value === true).length
    const path = join(ending.dir, 'file')
    const there = existsSync(path) ? readFileSync(path, 'utf8') : undefined
    if (won > 1 || (won < 1 && !killed)) throw new Error(`${won} winners`)
    const saw = (reader as { value?: (string | undefined)[] } | undefined)?.value ?? []
    for (const text of [there, ...saw])
      if (text !== undefined && !/^[ABC] whole$/.test(text)) throw new Error(`not whole: ${text}`)
    const names = readdirSync(ending.dir).filter(name => name !== 'file')
    if (!killed) assert.equal(names, ['.holdfast.lock'], 'debris')
  },
})

/** Mounts a small exFAT filesystem through FUSE, or returns why that was not possible. */
function exfat(): { dir: string; unmount: () => void } | { why: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return { why: 'it takes Linux, and root' }
  const top = scratch()
  const [image, dir] = [join(top, 'image'), join(top, 'mounted')]
  writeFileSync(image, '')
  truncateSync(image, 64 * 1024 * 1024)
  mkdirSync(dir)
  const run = (command: string, ...args: string[]) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr.trim()}`)
    return stdout.trim()
  }
  try {
    run('mkfs.exfat', image)
    const device = run('losetup', '--find', '--show', image)
    const free = () => run('losetup', '--detach', device)
    try {
      run('mount.exfat-fuse', device, dir)
    } catch (error) {
      free()
      throw error
    }
    const unmount = () => {
      run('umount', dir)
      free()
    }
    return { dir, unmount }
  } catch (error) {
    return { why: (error as Error).message }
  }
}

if (!contender(plays)) {
  holds('callers take turns by one lock for the whole directory', async () => {
    const dir = scratch()
    const create = (name: string, data: string) => dual(() => linkless(createExclusive.steps(join(dir, name), data)))
    assert.is(await create('file', 'first')(), true)
    assert.is(await create('file', 'second')(), false)
    assert.is(create('other', 'x').sync(), true)
    mkdirSync(join(dir, 'dir'))
    await assert.rejects(create('dir', '')(), { code: 'EEXIST' })
    assert.equal(readdirSync(dir).sort(), ['.holdfast.lock', 'dir', 'file', 'other'])
    assert.is(readFileSync(join(dir, 'file'), 'utf8'), 'first')
  })

  holds('a link that leads nowhere has its name', async () => {
    const dir = scratch()
    symlinkSync('nowhere', join(dir, 'dangling'))
    const create = dual(() => linkless(createExclusive.steps(join(dir, 'dangling'), '')))
    await assert.rejects(create(), { code: 'EEXIST' })
    assert.equal(readdirSync(dir).sort(), ['.holdfast.lock', 'dangling'])
  })

  holds('what has no such way says what is missing', async () => {
    const dir = scratch()
    writeFileSync(join(dir, 'a'), '')
    const steps = dual(() => linkless(emplace.steps(join(dir, 'a'), join(dir, 'b'), { ifAbsent: true })))
    const error = await assert.rejects(steps(), { code: 'ERR_NO_HARD_LINKS', message: /hard links/ })
    assert.is((error.cause as NodeJS.ErrnoException).code, isWindows ? 'EISDIR' : 'EPERM')
    assert.equal(readdirSync(dir), ['a'])
  })

  const reader = (dir: string) => ({ reader: looks(join(dir, 'file')) })
  for (const [what, names, budgets, bounds] of [
    ['two, a reader, one killed', 'AB', { kills: 1, adversaries: reader }, { preemptions: 1 }],
    ['two, one killed', 'AB', { kills: 1 }, {}],
    ['two, one lie', 'AB', { lies: 1 }, {}],
    ['three', 'ABC', {}, { preemptions: 1 }],
  ] as const)
    explored(`explored: ${what}: one wins`, () => {
      const { complete } = prove(`createExclusive without links, ${what}`, world([...names], budgets), bounds)
      assert.ok(complete || 'preemptions' in bounds)
    })

  for (const { kind, dir: place } of places)
    raced(`race on ${kind}, as if it had no links: six creators, and one that is killed`, async () => {
      const dir = scratch(place)
      const history = await race(import.meta.url, {
        dir,
        cast: { creator: 6, victim: 1 },
        rounds: sized(3, 80) * calls,
      })
      const { died } = judged(dir, history)
      note(`${kind}: ${history.length} rounds, one winner each, ${died} killed`)
      assert.ok(died > 3 && history.filter(overlaps).length > calls, 'no contention')
    })

  const mounted = exfat()
  if ('why' in mounted) raced.skip('a race on exFAT', mounted.why)
  else {
    // Before the scratch directory is removed; also when the race was not chosen.
    process.prependListener('exit', mounted.unmount)
    raced('race on exFAT through FUSE: six creators', async () => {
      const history = await race(import.meta.url, { dir: mounted.dir, cast: { there: 6 }, rounds: sized(20, 400) })
      judged(mounted.dir, history)
      assert.ok(existsSync(join(mounted.dir, '.holdfast.lock')), 'it has links after all')
      assert.ok(history.filter(overlaps).length > 10, 'no contention')
      note(`exFAT: ${history.length} rounds, one winner each`)
    })
  }
}
