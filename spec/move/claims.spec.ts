// A claim is what a mover puts at the target's name, so that it can rename onto that. One that a killed mover has left
// behind is in the way of nobody; and of several movers of one thing only one says that it was the one.

import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type MoveOptions, move } from 'holdfast'
import { type Call, fs, orNothing, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { door } from '../../lib/core/disk.js'
import { endedAt, through } from '../broken/interfere.js'
import { deadOwner } from '../support/dead-owner.js'
import { assert, caught, explored, holds, prove, scratch } from '../support/kit.js'
import { type Kind, kinds, make, read } from '../support/planted.js'
import { privateNames } from '../support/trees.js'
import { judgeRivals } from './winners.js'

/** This process as owner, as private names spell it, and one that has ended. */
const self = () => door.performSync({ op: 'self', args: [] }) as string

/** As for another user's file, where `fs.protected_hardlinks` is set. */
const unlinkable =
  (from: string) =>
  (call: Call): Call => {
    if (call.op !== 'link' || call.args[0] !== from) return call
    throw Object.assign(new Error('EPERM: operation not permitted, link'), {
      code: 'EPERM',
      errno: -1,
      syscall: 'link',
    })
  }

const moving = (from: string, to: string, options: MoveOptions = {}): Steps<boolean> =>
  through(move.steps(from, to, { durability: 'none', ...options }), unlinkable(from))

/** What a mover that is killed in the middle leaves at the name. */
function layClaim(to: string, kind: 'file' | 'directory'): void {
  if (kind === 'file') writeFileSync(to, '')
  else mkdirSync(to)
  chmodSync(to, 0o1700)
}

const isClaim = (to: string): boolean =>
  lstatSync(to, { throwIfNoEntry: false })?.mode.toString(8).endsWith('1700') ?? false

for (const claimer of kinds)
  holds(`a claim for a ${claimer}, of a process that was killed, is in the way of no move, and a living one is`, () => {
    const seen = { claimed: 0, moved: 0 }
    for (let k = 0; ; k++) {
      let ended = false
      for (const kind of kinds) {
        const dir = scratch()
        const [from, to, next] = [join(dir, 'source'), join(dir, 'target'), join(dir, 'next')]
        make(from, 'killed', claimer)
        make(next, 'next', kind)
        ended = endedAt(k, moving(from, to), deadOwner())
        if (isClaim(to)) {
          seen.claimed++
          // As long as a process lives that may be making it, it is left alone.
          const mark = join(dir, `.target.${self()}.0123456789abcdef.holdfast`)
          mkdirSync(mark)
          assert.is(move.sync(next, to), false)
          rmdirSync(mark)
          assert.is(move.sync(next, to), true, `killed before call ${k}, next a ${kind}`)
          assert.is(read(to), 'next')
          assert.is(read(from), 'killed')
          continue
        }
        const isMoved = read(to) === 'killed'
        assert.is(move.sync(next, to), !isMoved, `killed before call ${k}, next a ${kind}`)
        if (isMoved) seen.moved++
      }
      if (!ended) break
    }
    assert.ok(seen.claimed > 0 && seen.moved > 0, JSON.stringify(seen))
  })

holds('a claim that cannot be judged from here is left alone; one that another is removing is waited for', async () => {
  const dir = scratch()
  const [from, to] = [join(dir, 'source'), join(dir, 'target')]
  make(from, 'ours', 'directory')
  layClaim(to, 'directory')
  // Processes of another machine.
  const mark = join(dir, '.target.elsewhere-1-1.0123456789abcdef.holdfast')
  mkdirSync(mark)
  assert.is(await move(from, to), false)
  rmdirSync(mark)
  symlinkSync('claim', mark)
  const error = (await assert.rejects(move(from, to, { retryFor: 50 }), { code: 'EAGAIN' })) as NodeJS.ErrnoException
  assert.match(error.message, /is making the name free/)
  const { path, dest, published } = error as unknown as Record<string, unknown>
  assert.equal([path, dest, published, read(from), read(to)], [from, to, false, 'ours', 'empty'])
  setTimeout(() => unlinkSync(mark), 20)
  assert.is(await move(from, to), true)
  assert.equal([read(to), readdirSync(dir)], ['ours', ['target']])
})

holds('what a user has put there is never taken for a claim, whatever private names are beside it', () => {
  const dir = scratch()
  for (const kind of kinds)
    for (const [mode, content] of [
      [0o700, ''],
      [0o1777, ''],
      [0o600, ''],
      [0o1700, 'something'],
    ] as const) {
      const [from, to] = [join(dir, 'source'), join(dir, 'target')]
      for (const lay of [
        () => writeFileSync(to, content),
        () => {
          mkdirSync(to)
          if (content !== '') writeFileSync(join(to, 'in'), content)
        },
      ]) {
        make(from, 'ours', kind)
        lay()
        chmodSync(to, mode)
        const { ino } = lstatSync(to)
        assert.is(move.sync(from, to), false, `${kind} ${mode.toString(8)} ${content}`)
        assert.equal([lstatSync(to).ino, readdirSync(dir).sort()], [ino, ['source', 'target']])
        rmSync(from, { recursive: true })
        rmSync(to, { recursive: true })
      }
    }
})

type Faults = Pick<World, 'kills' | 'lies' | 'failures' | 'aborts'>

/** Each player has a thing of its own, and moves it to one name, where a dead claim is. */
const heirs = (players: Readonly<Record<string, Kind>>, claim: 'file' | 'directory', faults: Faults = {}): World => ({
  ...faults,
  setup: dir => {
    for (const [name, kind] of Object.entries(players)) make(join(dir, name), name + name, kind)
    layClaim(join(dir, 'target'), claim)
  },
  players: dir =>
    Object.fromEntries(Object.keys(players).map(name => [name, moving(join(dir, name), join(dir, 'target'))])),
  check: ending => {
    const names = Object.keys(players)
    const { returned, winners } = judgeRivals(ending, names)
    if (returned.length === names.length) assert.is(winners.length, 1, 'no winner')
    if (!faults.kills) assert.equal(privateNames(ending.dir), [], 'debris')
  },
})

for (const claim of ['file', 'directory'] as const)
  explored(`explore: of movers that meet a dead claim, a ${claim}, one wins`, () => {
    for (const [a, b] of [
      ['file', 'file'],
      ['directory', 'directory'],
      ['file', 'directory'],
    ] as const) {
      const preemptions = a === claim ? 1 : 2
      prove(`a ${a} and a ${b} onto a ${claim}`, heirs({ A: a, B: b }, claim), { preemptions })
    }
    prove('two of its kind, with a kill', heirs({ A: claim, B: claim }, claim, { kills: 1 }), { preemptions: 1 })
  })

/** Why a mover threw. */
const causes = new Set<string>()

/** All players move one thing to one name. */
const twins = (kind: Kind, options: MoveOptions, way: (from: string, to: string) => Steps<unknown>): World => ({
  setup: dir => {
    make(join(dir, 'source'), 'whole', kind)
    if (options.overwrite === 'with-gap') make(join(dir, 'target'), 'old', 'directory')
  },
  players: dir => Object.fromEntries(['A', 'B'].map(name => [name, way(join(dir, 'source'), join(dir, 'target'))])),
  check: ({ dir, outcomes }) => {
    assert.equal([read(join(dir, 'source')), read(join(dir, 'target'))], [undefined, 'whole'])
    const winners = Object.values(outcomes).filter(one => one.how === 'returned' && one.value === true)
    assert.is(winners.length, 1, `${winners.length} winners`)
    for (const one of Object.values(outcomes))
      if (one.how === 'threw') {
        const { code, message } = one.error as NodeJS.ErrnoException
        assert.is(code, 'ENOENT', message)
        causes.add(/\((.*)\)/.exec(message)?.[1] ?? 'the source was gone at the first look')
      }
    assert.equal(privateNames(dir), [], 'debris')
    const kept = readdirSync(dir).filter(name => name.includes('.set-aside-'))
    for (const name of kept)
      assert.ok(
        Object.values(outcomes).some(one => one.how === 'threw' && String(one.error).includes(name)),
        `${name} is kept`,
      )
  },
})

for (const kind of kinds)
  explored(`explore: two move one ${kind} to one name: only the one that did it says so`, () => {
    for (const overwrite of [false, true, 'with-gap'] as const) {
      const options = { overwrite, durability: 'none', concurrency: 1 } as const
      const world = twins(kind, options, (from, to) => move.steps(from, to, options))
      causes.clear()
      prove(`a ${kind}, overwrite ${overwrite}`, world, { preemptions: 2 })
      assert.ok(
        [...causes].some(cause => /another call has moved/.test(cause)),
        [...causes].join('; '),
      )
    }
  })

explored('explore catches: whoever finds it in place takes it for its own', () => {
  const careless = function* (from: string, to: string): Steps<boolean> {
    try {
      return yield* move.steps(from, to, { overwrite: true, durability: 'none' })
    } catch (error) {
      if (!(yield* fs.lstat(to, orNothing))) throw error
      return true
    }
  }
  caught('a look, and no proof', /2 winners/, twins('directory', { overwrite: true }, careless))
})
