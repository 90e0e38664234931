// Locks that name a thread which does not hold them: a release failed, or a call was aborted while it was not known
// whether it has the lock. They are free for that thread at once, and for others as soon as the cause has ended.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { cell, lock, updateFile, withLock } from 'holdfast'
import { type Call, dual, type Patience, release, renew, type SingleCall, type Steps } from 'holdfast/steps'
import { explore, type World } from 'holdfast/testing'
import { parseState } from '../../lib/cell/state.js'
import { door as realDoor } from '../../lib/core/disk.js'
import { inward, through } from '../broken/interfere.js'
import { assert, explored, holds, note, prove, scratch } from '../support/kit.js'
import { until } from '../support/left.js'
import { numbered } from '../support/locks.js'
import { run, startWarden, unmountBelow } from '../support/mounts.js'

const failure = (): Error => Object.assign(new Error('EIO'), { code: 'EIO', errno: -5, syscall: 'rename' })

/** Every rename fails, and is not done; and nothing goes on in the background. */
const failing = (steps: Steps<unknown>) =>
  dual(() =>
    through(steps, call => {
      if (call.op === 'rename') throw failure()
      return call.op === 'later' ? { op: 'settle', args: [undefined] } : call
    }),
  )()

/** Takes the lock and releases it, twice. Returns the fences, or the codes of the errors. */
function* inTurns(path: string): Steps<(number | string)[]> {
  const turns: (number | string)[] = []
  for (let nth = 0; nth < 2; nth++) {
    try {
      const hold = yield* lock.steps(path)
      yield* release(hold)
      turns.push(hold.fence)
    } catch (error) {
      turns.push((error as NodeJS.ErrnoException).code ?? String(error))
    }
  }
  return turns
}

function* once(path: string): Steps<void> {
  const hold = yield* lock.try.steps(path)
  if (hold) yield* release(hold)
}

/** A player wants a lock again and again, while one call goes wrong; another process takes it between. */
function wanting(budgets: Partial<World>, player: (path: string) => Steps<(number | string)[]> = inTurns): World {
  return {
    ...budgets,
    setup: dir => void cell.create.sync(join(dir, 'x.lock'), { fields: ['f', '1'] }),
    players: dir => ({ A: player(join(dir, 'x')) }),
    adversaries: dir => ({ B: once(join(dir, 'x')) }),
    check: ({ dir, outcomes: { A, B } }) => {
      if (A?.how !== 'returned' || B?.how !== 'returned') throw new Error(`A ${A?.how}, B ${B?.how}`)
      const turns = A.value as (number | string)[]
      const fences = turns.filter(turn => typeof turn === 'number')
      const least = budgets.failures || budgets.aborts ? 1 : 2
      if (fences.length < least || fences.some((fence, at) => fence <= (fences[at - 1] ?? 0)))
        throw new Error(`${turns}`)
      const [token = ''] = readdirSync(join(dir, 'x.lock'))
      // Only the very last release leaves it as it was, if it fails.
      if (parseState(token)?.fields[0] !== 'f' && turns.at(-1) !== 'EIO') throw new Error(`left ${token}, had ${turns}`)
    },
  }
}

/** Takes every hold that its thread once had for one that it has. */
const believing = (path: string): Steps<(number | string)[]> =>
  through(inTurns(path), call =>
    call.op === 'holding' && call.args[2] === undefined ? { op: 'settle', args: [true] } : call,
  )

for (const [what, budgets] of [
  // The second is that of the call which tries again.
  ['two failures', { failures: 2, failIn: ['rename'] }],
  ['one lie', { lies: 1 }],
  ['aborted, one lie', { lies: 1, aborts: 1 }],
] as const)
  explored(`explored: a thread takes a lock again and again, ${what}: it never waits for itself`, () => {
    const { complete } = prove(`lock, again and again, ${what}`, wanting(budgets), { maxSchedules: 10_000_000 })
    assert.ok(complete)
  })

explored('the same world catches: a thread that believes every lock that names it', () => {
  const { complete, bound } = explore(wanting({ failures: 2, failIn: ['rename'] }, believing), { maxSteps: 200 })
  assert.not(complete)
  assert.match(bound ?? '', /more than 200 steps/)
})

const taken = (path: string) => dual(() => lock.steps(path))()

holds('a lock whose release failed is free for its thread at once, and a second release ends', async () => {
  const path = numbered(join(scratch(), 'thing'))
  const first = await taken(path)
  await assert.rejects(failing(release(first)), { code: 'EIO' })
  assert.is((await lock.holder(path))?.fence, 1)
  const second = await lock.try(path)
  assert.is(second?.fence, 2)
  await dual(() => release(first))()
  assert.is((await lock.holder(path))?.fence, 2)
  await second?.release()
  assert.is(await lock.holder(path), undefined)
})

holds('a release that failed can be tried again', async () => {
  const path = join(scratch(), 'thing')
  const first = await taken(path)
  for (let nth = 0; nth < 2; nth++) await assert.rejects(failing(release(first)), { code: 'EIO' })
  await dual(() => release(first))()
  assert.is(await lock.holder(path), undefined)
  await dual(() => release(first))()
})

/** No call reaches the disk: a swap fails, and so does every look at what came of it. */
const cutOff = (steps: Steps<unknown>): Steps<unknown> =>
  through(steps, call => {
    if (!inward.has(call.op)) throw failure()
    return call
  })

for (const [form, run] of [
  ['promise', async (steps: Steps<unknown>) => dual(() => steps)()],
  ['sync', async (steps: Steps<unknown>) => dual(() => steps).sync()],
] as const) {
  holds(`a release while the whole disk fails goes on in the background, ${form}`, async () => {
    const path = numbered(join(scratch(), 'thing'))
    const hold = await taken(path)
    await assert.rejects(run(cutOff(release(hold))), { code: 'EIO' })
    assert.ok(await lock.holder(path))
    // A process that wants the lock would wait for as long as this one lives.
    await until(async () => !(await lock.holder(path)))
    assert.is(hold.over, 'released')
  })

  holds(
    `a heartbeat while the whole disk fails is one that failed, and the lock is held as before, ${form}`,
    async () => {
      const path = numbered(join(scratch(), 'thing'))
      const hold = await taken(path)
      await assert.rejects(run(cutOff(renew(hold))), { code: 'EIO' })
      assert.is(hold.over, undefined)
      await run(renew(hold))
      await run(release(hold))
      assert.is(await lock.holder(path), undefined)
    },
  )
}

/** The first rename is done, and reports an error. `then` sees every call after that. */
function unheard(steps: Steps<unknown>, then: (call: Call) => Call): (options: Patience) => Promise<unknown> {
  let isDone = false
  const door = (call: Call): Call => {
    if (isDone) return then(call)
    if (call.op !== 'rename') return call
    isDone = true
    realDoor.performSync(call as SingleCall)
    throw failure()
  }
  return dual(
    // biome-ignore lint/suspicious/noExplicitAny: `dual` takes the first parameter with a default for the options
    function* unheardSteps(_: Patience = {}): Steps<any> {
      return yield* through(steps, door)
    },
    { patient: true },
  )
}

holds('a call that was aborted before it knew whether it has the lock gives it back', async () => {
  const path = numbered(join(scratch(), 'thing'))
  await withLock(path, () => {})
  await withLock(path, () => {})
  const stop = new AbortController()
  const call = unheard(lock.steps(path), one => {
    stop.abort()
    return one
  })
  await assert.rejects(call({ signal: stop.signal }), { code: 'ABORT_ERR' })
  await until(async () => !(await lock.holder(path)))
  assert.is((await lock.try(path))?.fence, 4)
})

holds('a call does not wait for itself, if after a lost reply it is shown what was there before', async () => {
  const path = numbered(join(scratch(), 'thing'))
  await withLock(path, () => {})
  const before = readdirSync(`${path}.lock`)
  await withLock(path, () => {})
  let isShown = false
  const call = unheard(lock.steps(path), one => {
    if (one.op !== 'readdir' || isShown) return one
    isShown = true
    return { op: 'settle', args: [before] }
  })
  const hold = (await call({ timeout: 20_000 })) as { fence: number }
  assert.equal([isShown, hold.fence], [true, 4])
})

holds('a token that says more than is known is held by whom it names', async () => {
  const path = join(scratch(), 'thing')
  await cell.create(`${path}.lock`, { fields: ['h', '3', 'elsewhere-1-0', '0123456789abcdef', 'w', 'x'] })
  assert.is(await lock.try(path), undefined)
  assert.is((await lock.holder(path))?.owner, 'elsewhere-1-0')
  const freed = join(scratch(), 'thing')
  await cell.create(`${freed}.lock`, { fields: ['f', '3', 'place'] })
  assert.ok(((await lock.try(freed))?.fence ?? 0) > 4)
})

/** Milliseconds until the lock is free for whoever looks. */
async function untilFree(path: string): Promise<number> {
  const began = performance.now()
  await until(async () => !(await lock.holder(path)))
  return performance.now() - began
}

const canMount = process.platform === 'linux' && process.getuid?.() === 0
if (!canMount) holds.skip('a release that fails on a read-only mount', 'it takes root on Linux')
else
  holds('what could not be released on a read-only mount is free as soon as that can be written', async () => {
    const top = scratch()
    const path = numbered(join(top, 'thing'))
    const dir = `${path}.lock`
    await withLock(path, () => {})
    const warden = startWarden([dir])
    const readOnly = (): void => {
      run('mount', '--bind', dir, dir)
      run('mount', '-o', 'remount,bind,ro', dir)
    }
    try {
      const lease = await lock(path)
      readOnly()
      await assert.rejects(lease.release(), { code: 'EROFS' })
      run('umount', dir)
      // Nothing in the background has had a turn.
      const next = lock.try.sync(path)
      assert.is(next?.fence, 3)
      await lease.release()
      await next?.release()
      const waits: number[] = []
      for (const fail of [() => withLock(path, readOnly), () => updateFile(path, () => void readOnly())]) {
        await assert.rejects(fail(), { code: 'EROFS' })
        await wait(120)
        assert.is((await lock.holder(path))?.pid, process.pid)
        run('umount', dir)
        waits.push(await untilFree(path))
      }
      note(`free for others after ${waits.map(ms => ms.toFixed(0)).join(' and ')} ms`)
    } finally {
      unmountBelow(top)
      warden.dismiss()
    }
  })
