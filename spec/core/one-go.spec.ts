// Steps that are run in one go: what the driver of the promise form makes of them.

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { copy } from 'holdfast'
import { type Door, door, drive, driveSync, fs, type Steps } from 'holdfast/steps'
import { assert, holds, memory, scratch } from '../support/kit.js'
import { layMany, shapeOf } from '../support/trees.js'

/** The real door, for which all directories are quick, or none; and how many calls were made in each way. */
function counting(isQuick: boolean): { door: Door; made: { inOneGo: number; apart: number } } {
  const made = { inOneGo: 0, apart: 0 }
  return {
    made,
    door: {
      performSync(call) {
        made.inOneGo++
        return door.performSync(call)
      },
      perform(call, done) {
        if (call.op === 'quick') {
          done(null, isQuick)
          return undefined
        }
        made.apart++
        return door.perform(call, done)
      },
    },
  }
}

function* twoDirectories(dir: string): Steps<string> {
  yield* fs.mkdir(join(dir, 'one'))
  yield* fs.mkdir(join(dir, 'two'))
  return 'both'
}

const bothInOneGo = (dir: string) => fs.inOneGo([join(dir, 'one'), join(dir, 'two')], () => twoDirectories(dir))

holds('where it is quick, the steps are run in one go, through the same door', async () => {
  // On a busy machine one call may take so long that the next is made apart: not in each of several runs.
  const runs: { inOneGo: number; apart: number }[] = []
  while (runs.length < 20 && runs.at(-1)?.inOneGo !== 2) {
    const dir = scratch()
    const { door, made } = counting(true)
    assert.equal(await drive(bothInOneGo(dir), { door }), { value: 'both' })
    assert.ok(existsSync(join(dir, 'two')))
    runs.push(made)
  }
  assert.equal(runs.at(-1), { inOneGo: 2, apart: 0 })
})

holds('where it is not, and in the sync form, they do not begin', async () => {
  const dir = scratch()
  const { door, made } = counting(false)
  assert.is(await drive(bothInOneGo(dir), { door }), undefined)
  assert.is(driveSync(bothInOneGo(dir), { door: counting(true).door }), undefined)
  assert.equal(made, { inOneGo: 0, apart: 0 })
  assert.not(existsSync(join(dir, 'one')))
})

holds('after some milliseconds the rest of the calls is made apart', async () => {
  const dir = scratch()
  const { door, made } = counting(true)
  const slow: Door = {
    ...door,
    performSync(call) {
      const until = performance.now() + 5
      while (performance.now() < until);
      return door.performSync(call)
    },
  }
  assert.equal(await drive(bothInOneGo(dir), { door: slow }), { value: 'both' })
  assert.equal(made, { inOneGo: 1, apart: 1 })
  assert.ok(existsSync(join(dir, 'two')))
})

holds('what waits for others is never made in one go', async () => {
  const dir = scratch()
  const { door, made } = counting(true)
  const waiting = function* () {
    yield* fs.mkdir(join(dir, 'one'))
    const isBlocking = yield* fs.blocking()
    yield* fs.sleep(1)
    return isBlocking || (yield* fs.settle(Promise.resolve('settled')))
  }
  assert.equal(await drive(fs.inOneGo([dir], waiting), { door }), { value: 'settled' })
  assert.equal(made, { inOneGo: 1, apart: 3 })
})

holds('their error is the error of the call, and every finally runs', async () => {
  const dir = scratch()
  mkdirSync(join(dir, 'two'))
  const said: string[] = []
  const inner = function* () {
    try {
      return yield* twoDirectories(dir)
    } finally {
      yield* fs.rmdir(join(dir, 'one'))
      said.push('inner')
    }
  }
  const steps = (function* () {
    try {
      yield* fs.inOneGo([join(dir, 'one'), join(dir, 'two')], inner)
    } finally {
      said.push('outer')
    }
  })()
  await assert.rejects(drive(steps, { door: counting(true).door }), { code: 'EEXIST' })
  assert.equal(said, ['inner', 'outer'])
  assert.not(existsSync(join(dir, 'one')))
})

holds('a call that was stopped while it waited for the next turn does not begin them', async () => {
  const dir = scratch()
  const stop = new AbortController()
  const late: Door = {
    performSync: call => door.performSync(call),
    perform(call, done) {
      if (call.op !== 'quick') return door.perform(call, done)
      setImmediate(() => {
        stop.abort()
        done(null, true)
      })
      return undefined
    },
  }
  await assert.rejects(drive(bothInOneGo(dir), { door: late, signal: stop.signal }), { code: 'ABORT_ERR' })
  assert.not(existsSync(join(dir, 'one')))
})

holds('a copy on a filesystem in memory leaves the event loop a turn every few milliseconds', async () => {
  const dir = scratch(memory)
  layMany(join(dir, 'tree'))
  // Where it is, is known a moment later.
  await copy(join(dir, 'tree'), join(dir, 'first'))
  let turns = 0
  let isOver = false
  const count = () => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  await copy(join(dir, 'tree'), join(dir, 'second'))
  isOver = true
  assert.ok(turns >= 3, `${turns} turns`)
  assert.equal(shapeOf(join(dir, 'second')), shapeOf(join(dir, 'tree')))
})
