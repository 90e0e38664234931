// What another process puts at a name while it is moved, and what a move sets aside, is never taken for debris.

import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { emplace, move, sweep } from 'holdfast'
import { type Call, dual, type Steps } from 'holdfast/steps'
import { door } from '../../lib/core/disk.js'
import { takeNameAside } from '../../lib/parts/take-name.js'
import { endedAt, through } from '../broken/interfere.js'
import { deadOwner } from '../support/dead-owner.js'
import { assert, holds, memory, places, scratch } from '../support/kit.js'
import { make, read } from '../support/planted.js'
import { privateNames } from '../support/trees.js'

const run = <T>(steps: () => Steps<T>, see: (call: Call) => Call): T => dual(() => through(steps(), see)).sync()

/** Makes every call, and before the first one that `is` it, `act`s. */
function before(is: (call: Call) => boolean, act: () => void): (call: Call) => Call {
  let done = false
  return call => {
    if (!done && is(call)) {
      done = true
      act()
    }
    return call
  }
}

const setsAside = (path: string) => (call: Call) =>
  call.op === 'rename' && call.args[0] === path && /[\\/]\.[^\\/]*[0-9a-f]{16}\.holdfast$/.test(String(call.args[1]))

const failure = () => Object.assign(new Error('EIO: i/o error'), { code: 'EIO', errno: -5, syscall: 'rename' })

/** This process as owner, as private names spell it, and one that has ended. */
const self = () => door.performSync({ op: 'self', args: [] }) as string

const keptIn = (dir: string) => readdirSync(dir).filter(name => /^[^.].*\.set-aside-[0-9a-f]{16}$/.test(name))

const other = places.find(({ dir }) => dir === memory)
if (!other || places.length < 2) holds.skip('a move to another device', 'there is none')
else
  for (const kind of ['file', 'directory'] as const)
    holds(`across devices: a ${kind} that takes the name of the source before that is removed stays`, () => {
      for (const way of [move, emplace] as const) {
        if (way === emplace && kind === 'directory') continue
        const [dir, there] = [scratch(), scratch(memory)]
        const [from, to] = [join(dir, 'source'), join(there, 'target')]
        make(from, 'ours', kind)
        const replaced = () => {
          // It is kept, so that its inode's number is not used again.
          renameSync(from, join(scratch(), 'kept'))
          make(from, 'a stranger', kind)
        }
        assert.is(
          run(() => way.steps(from, to), before(setsAside(from), replaced)),
          true,
        )
        assert.equal([read(to), read(from)], ['ours', 'a stranger'])
        assert.equal([privateNames(dir), privateNames(there)], [[], []])
      }
    })

for (const kind of ['directory', 'file'] as const)
  holds(`what cannot get its name back, which a ${kind} has, is kept, and the error says where`, async () => {
    const dir = scratch()
    const path = join(dir, 'x')
    make(path, 'ours', 'directory')
    const was = lstatSync(path, { bigint: true })
    const first = before(setsAside(path), () => {
      renameSync(path, join(scratch(), 'kept'))
      make(path, 'a stranger', 'directory')
    })
    const second = before(
      ({ op, args }) => op === 'link' && args[1] === path,
      () => make(path, 'another', kind),
    )
    const take = () => takeNameAside(path, was, { as: 'spec', path })
    const error = assert.throws(() => run(take, call => second(first(call))), { code: 'EEXIST' })
    const [kept = ''] = keptIn(dir)
    assert.ok(error.message.includes(join(dir, kept)), error.message)
    assert.equal([read(join(dir, kept)), read(path)], ['a stranger', 'another'])
    assert.equal(await sweep(dir, { grace: 0 }), [])
    assert.equal(readdirSync(dir).sort(), ['x', kept].sort())
  })

/** Moves a directory onto another one, with a gap. The second rename onto the target is the one in the gap. */
function inTheGap(act: (to: string) => void): { dir: string; go: () => unknown } {
  const dir = scratch()
  const [from, to] = [join(dir, 'source'), join(dir, 'target')]
  make(from, 'new', 'directory')
  make(to, 'old', 'directory')
  let renames = 0
  const watch = (call: Call) => {
    if (call.op === 'rename' && call.args[0] === from && ++renames === 2) act(to)
    return call
  }
  return { dir, go: () => run(() => move.steps(from, to, { overwrite: 'with-gap' }), watch) }
}

holds('with a gap: the old target that cannot come back is kept, and the error says where', async () => {
  const { dir, go } = inTheGap(to => {
    mkdirSync(to)
    writeFileSync(join(to, 'in'), 'a stranger')
    throw failure()
  })
  const error = assert.throws(go, { code: 'EIO' })
  const [kept = ''] = keptIn(dir)
  assert.ok(error.message.includes(join(dir, kept)), error.message)
  assert.equal(
    ['source', 'target', kept].map(name => read(join(dir, name))),
    ['new', 'a stranger', 'old'],
  )
  assert.equal(await sweep(dir, { grace: 0 }), [])
  assert.is(readFileSync(join(dir, kept, 'in'), 'utf8'), 'old')
})

holds(
  'with a gap: a process that is killed leaves the old target where no sweep takes it, until the new one is there',
  async () => {
    const seen = { apart: 0, gone: 0 }
    for (let k = 0; ; k++) {
      const dir = scratch()
      const [from, to] = [join(dir, 'source'), join(dir, 'target')]
      make(from, 'new', 'directory')
      make(to, 'old', 'directory')
      const ended = endedAt(k, move.steps(from, to, { overwrite: 'with-gap' }), deadOwner())
      await sweep(dir, { grace: 0 })
      assert.equal(privateNames(dir), [])
      const there = readdirSync(dir).map(name => read(join(dir, name)))
      assert.ok(there.includes('new'), `killed before call ${k}: ${there}`)
      if (read(to) === 'new') seen.gone++
      else assert.ok(there.includes('old'), `killed before call ${k}: ${there}`)
      if (keptIn(dir).length > 0) seen.apart++
      if (!ended) break
    }
    assert.ok(seen.apart > 1 && seen.gone > 1, JSON.stringify(seen))
  },
)

holds('with a gap: nothing of what was replaced stays, also if it took two attempts', () => {
  const { dir, go } = inTheGap(to => {
    mkdirSync(to)
    writeFileSync(join(to, 'in'), 'a stranger')
  })
  assert.is(go(), true)
  assert.equal([readdirSync(dir), read(join(dir, 'target'))], [['target'], 'new'])
})

holds('a claim of a process that was killed is taken over by the next move, and one of a living process is not', () => {
  const seen = { claimed: 0, moved: 0 }
  for (let k = 0; ; k++) {
    const dir = scratch()
    const [from, to, next] = [join(dir, 'source'), join(dir, 'target'), join(dir, 'next')]
    make(from, 'killed', 'directory')
    make(next, 'next', 'directory')
    const ended = endedAt(k, move.steps(from, to), deadOwner())
    const isClaimed = read(to) === 'empty'
    if (isClaimed) {
      seen.claimed++
      // As long as a process lives that may be making it, it is left alone.
      const mark = join(dir, `.target.${self()}.0123456789abcdef.holdfast`)
      mkdirSync(mark)
      assert.is(move.sync(next, to), false)
      rmdirSync(mark)
    }
    const isMoved = read(to) === 'killed'
    assert.is(move.sync(next, to), !isMoved, `killed before call ${k}`)
    assert.is(read(to), isMoved ? 'killed' : 'next')
    if (isMoved) seen.moved++
    if (!ended) break
  }
  assert.ok(seen.claimed > 0 && seen.moved > 0, JSON.stringify(seen))
})

holds('an empty directory of a user is never taken for a claim, whatever private names are beside it', () => {
  const dir = scratch()
  for (const mode of [0o700, 0o755, 0o1777, 0o000]) {
    const [from, to] = [join(dir, 'source'), join(dir, `${mode}`)]
    make(from, 'ours', 'directory')
    mkdirSync(to)
    chmodSync(to, mode)
    mkdirSync(join(dir, `.${mode}.${deadOwner()}.0123456789abcdef.holdfast`))
    assert.is(move.sync(from, to), false)
    rmSync(from, { recursive: true })
  }
})
