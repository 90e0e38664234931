// Many tasks at a time, as one generator of calls.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dual, fs, type Steps } from 'holdfast/steps'
import { concurrently } from '../../lib/parts/concurrently.js'
import { assert, holds, scratch } from '../support/kit.js'

const all = dual(function* all(tasks: (() => Steps<void>)[], width: number, _options: object = {}): Steps<void> {
  yield* concurrently([...tasks].reverse(), width)
})

const numbers = Array.from({ length: 50 }, (_, at) => at)

holds('does everything, in both forms, and as many calls at once as it may', async () => {
  for (const width of [1, 3, 64]) {
    const dir = scratch()
    const tasks = numbers.map(at => () => fs.mkdir(join(dir, String(at))))
    await all(tasks, width)
    assert.is(readdirSync(dir).length, 50)
    const gone = numbers.map(at => () => fs.rmdir(join(dir, String(at))))
    all.sync(gone, width)
    assert.is(readdirSync(dir).length, 0)
    const steps = all.steps(tasks, width)
    const waves: number[] = []
    for (let next = steps.next(); !next.done; ) {
      if (next.value.op === 'descriptors') {
        next = steps.next(Number.POSITIVE_INFINITY)
        continue
      }
      const calls = next.value.args[0] as unknown[]
      waves.push(calls.length)
      next = steps.next(calls.map(() => ({ value: undefined })))
    }
    assert.is(Math.max(...waves), Math.min(width, 50))
    assert.is(
      waves.reduce((sum, calls) => sum + calls, 0),
      50,
    )
  }
})

holds('each goes on by its own answers; waits, chance and callbacks are its own, too', async () => {
  const told: string[] = []
  function* one(at: number): Steps<void> {
    const began = yield* fs.now()
    yield* fs.sleep(1)
    const answer = yield* fs.settle(at % 2 ? Promise.resolve(at) : at)
    const there = yield* fs.lstat(join(scratchDir, String(at)), { throwIfNoEntry: false })
    told.push(`${answer} ${there?.isDirectory() ?? 'nothing'} ${(yield* fs.now()) > began}`)
  }
  const scratchDir = scratch()
  for (const at of [0, 1]) mkdirSync(join(scratchDir, String(at)))
  await all(
    numbers.slice(0, 4).map(at => () => one(at)),
    4,
  )
  assert.equal(told.sort(), ['0 true true', '1 true true', '2 nothing true', '3 nothing true'])
})

holds('when one fails, no other begins, those under way end, and its error comes out', async () => {
  for (const act of [all, all.sync]) {
    const dir = scratch()
    writeFileSync(join(dir, '4'), '')
    function* one(at: number): Steps<void> {
      yield* fs.mkdir(join(dir, String(at)))
      yield* fs.rename(join(dir, String(at)), join(dir, `done-${at}`))
    }
    const tasks = numbers.map(at => () => one(at))
    const error = await assert.rejects(
      Promise.resolve().then(() => act(tasks, 8)),
      { code: 'EEXIST' },
    )
    assert.is((error as NodeJS.ErrnoException).path, join(dir, '4'))
    assert.equal(readdirSync(dir).sort(), ['4', ...[0, 1, 2, 3, 5, 6, 7].map(at => `done-${at}`)])
  }
})

holds('when it is stopped, each one under way is, and gives back what it holds', async () => {
  const dir = scratch()
  const controller = new AbortController()
  const ends: string[] = []
  let begun = 0
  function* one(at: number): Steps<void> {
    begun++
    const path = join(dir, String(at))
    const fd = yield* fs.open(path, 'wx')
    try {
      for (let turn = 0; ; turn++) {
        if (at === 5 && turn === 20) controller.abort()
        yield* fs.write(fd, Buffer.from('x'))
      }
    } catch (error) {
      ends.push((error as NodeJS.ErrnoException).code as string)
      throw error
    } finally {
      yield* fs.close(fd)
      yield* fs.unlink(path)
    }
  }
  const open = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0)
  const before = open()
  const tasks = numbers.map(at => () => one(at))
  await assert.rejects(all(tasks, 10, { signal: controller.signal }), { code: 'ABORT_ERR' })
  assert.equal(ends, Array(10).fill('ABORT_ERR'))
  assert.equal([begun, readdirSync(dir).length, open()], [10, 0, before])
})
