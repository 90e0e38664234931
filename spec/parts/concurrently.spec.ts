// Many tasks at a time, as one generator of calls.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dual, fs, type Steps } from 'holdfast/steps'
import { pending } from '../../lib/core/alphabet.js'
import { concurrently } from '../../lib/parts/concurrently.js'
import { assert, holds, scratch } from '../support/kit.js'
import { eventually } from '../support/left.js'

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
  await eventually(() => {
    assert.equal(ends, Array(10).fill('ABORT_ERR'))
    assert.equal([begun, readdirSync(dir).length, open()], [10, 0, before])
  })
})

holds('the caller’s own error of one comes out, and a stop that came with it reaches the others', async () => {
  const dir = scratch()
  const own = new Error('own')
  const controller = new AbortController()
  const ends: string[] = []
  let calls = 0
  function* reporting(): Steps<void> {
    yield* fs.mkdir(join(dir, 'one'))
    controller.abort()
    try {
      yield* fs.settle(Promise.reject(own))
    } catch (error) {
      yield* fs.postpone(error)
      throw error
    }
  }
  function* working(): Steps<void> {
    try {
      for (; calls < 5000; calls++) yield* fs.realpath(dir)
    } catch (error) {
      ends.push((error as NodeJS.ErrnoException).code as string)
      throw error
    } finally {
      yield* fs.unlink(join(dir, 'nothing'))
    }
  }
  const stopped = all([reporting, working, working], 8, { signal: controller.signal })
  assert.is(await stopped.catch(error => error), own)
  assert.equal(ends, ['ABORT_ERR', 'ABORT_ERR'])
  assert.ok(calls < 10, `${calls} calls`)
})

const together = dual(function* together(
  tasks: (() => Steps<void>)[],
  width: number,
  _options: object = {},
): Steps<void> {
  yield* concurrently([...tasks].reverse(), width, 'together')
})

const later = <T>(ms: number, value: T): Promise<T> => new Promise(resolve => setTimeout(resolve, ms, value))

holds('promises are waited for at the same time, if that is wanted, and calls go on meanwhile', async () => {
  const dir = scratch()
  const order: string[] = []
  let underWay = 0
  let most = 0
  let goOn = () => {}
  const called = new Promise<void>(resolve => {
    goOn = resolve
  })
  function* waiting(at: number): Steps<void> {
    most = Math.max(most, ++underWay)
    const answer = yield* fs.settle(called.then(() => later(20 + at, at)))
    underWay--
    assert.is(yield* fs.settle(new Promise(() => {}), 5), pending)
    yield* fs.mkdir(join(dir, `${answer}`))
    const rejected = Promise.reject(new Error(`${at}`))
    try {
      yield* fs.settle(rejected)
    } catch (error) {
      order.push((error as Error).message)
    }
  }
  function* calling(): Steps<void> {
    for (let call = 0; call < 5; call++) yield* fs.lstat(dir)
    order.push('called')
    goOn()
  }
  await together([...[3, 2, 1].map(at => () => waiting(at)), calling], 10)
  assert.is(order[0], 'called')
  assert.equal(order.slice(1).sort(), ['1', '2', '3'])
  assert.is(most, 3)
  assert.equal(readdirSync(dir).sort(), ['1', '2', '3'])
  most = 0
  await together(
    [3, 2, 1].map(at => () => waiting(at + 10)),
    2,
  )
  assert.is(most, 2)
})

holds('the sync form waits for no promise, and says so to each task', () => {
  const refused: unknown[] = []
  const task = (at: number) =>
    function* (): Steps<void> {
      try {
        yield* fs.settle(later(1, at))
      } catch (error) {
        refused.push((error as NodeJS.ErrnoException).code)
      }
    }
  together.sync([task(1), task(2)], 2)
  assert.equal(refused, ['ERR_INVALID_RETURN_VALUE', 'ERR_INVALID_RETURN_VALUE'])
})

holds('whoever waits for promises is stopped, too, and a rejection that comes later is nobody’s', async () => {
  const given: number[] = []
  const task = (at: number) =>
    function* (): Steps<void> {
      try {
        yield* fs.settle(later(50, at).then(() => Promise.reject(new Error('late'))))
      } finally {
        given.push(at)
      }
    }
  const stopped = together([task(1), task(2), task(3)], 2, { signal: AbortSignal.timeout(10) })
  await assert.rejects(stopped, { code: 'ABORT_ERR' })
  assert.equal(given.sort(), [1, 2])
  await later(60, 0)
})
