// The fencing token: it grows with each holder, across removals and boots.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getOrCreate, lock, sweep, updateFile, within, withLock } from 'holdfast'
import { fs, release, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { freeFields, freeToken, heldFields } from '../../lib/lock/token.js'
import { assert, caught, everyPlace, explored, holds, nobodyThrew, prove, scratch } from '../support/kit.js'
import { layLock, stateOf } from '../support/locks.js'

const nowUs = (): number => Date.now() * 1000
const aSecond = 1_000_000

holds('the first fence is the time on the filesystem’s clock, and each later one is one more', async () => {
  for (const { dir } of everyPlace) {
    const path = join(scratch(dir), 'thing')
    const first = await withLock(path, ({ fence }) => fence)
    assert.ok(Math.abs(first - nowUs()) < 10 * aSecond, `${first - nowUs()}`)
    assert.is(
      withLock.sync(path, ({ fence }) => fence),
      first + 1,
    )
    assert.is(await withLock(path, ({ fence }) => fence), first + 2)
  }
})

holds('what was written in another boot is numbered anew, and never below what it was', async () => {
  const dir = scratch()
  const elsewhere = 'elsewhere-elsewhere-1-1-0-0-0'
  const far = nowUs() + 1_000 * aSecond
  for (const [fence, least] of [
    [5, nowUs() - aSecond],
    [far, far + 1],
  ] as const) {
    const free = join(dir, `free-${fence}`)
    layLock(free, freeFields(freeToken(fence, elsewhere)))
    const held = join(dir, `held-${fence}`)
    layLock(held, heldFields({ fence, owner: elsewhere, id: '0123456789abcdef', staleMs: 1 }, 0))
    for (const path of [free, held]) {
      const lease = await lock(path, { timeout: 10_000 })
      assert.ok(lease.fence >= least && lease.fence < far + 10, `${lease.fence - fence}`)
      await lease.release()
    }
  }
})

holds('a release that removes leaves nothing, and the next fence is greater', async () => {
  const dir = scratch()
  let last = 0
  for (let nth = 0; nth < 40; nth++) {
    const path = join(dir, 'thing')
    const lease = nth % 2 ? lock.sync(path) : await lock(path)
    assert.ok(lease.fence > last)
    last = lease.fence
    if (nth % 3) await lease.release({ remove: true })
    else lease.release.sync({ remove: true })
    assert.equal(readdirSync(dir), [])
    await lease.release({ remove: true })
  }
  await using root = await within(dir)
  await (await root.lock('thing')).release({ remove: true })
  assert.equal(readdirSync(dir), [])
})

holds('a lock whose fence is ahead of the filesystem’s clock is not removed', async () => {
  const path = join(scratch(), 'thing')
  const { clock = '' } = await withLock(path, () => ({ clock: stateOf(path).fields[2]?.split('-')[0] }))
  rmSync(`${path}.lock`, { recursive: true })
  const ahead = nowUs() + 1_000 * aSecond
  layLock(path, ['f', ahead.toString(36), clock])
  const lease = await lock(path)
  assert.is(lease.fence, ahead + 1)
  await lease.release({ remove: true })
  assert.is(await lock.holder(path), undefined)
  assert.equal(await sweep(join(path, '..'), { locks: true }), [])
  assert.ok(existsSync(`${path}.lock`))
})

holds('release may be given to what calls it with something else', async () => {
  const path = join(scratch(), 'thing')
  for (const given of [0, 'x', null, { isTrusted: true }]) {
    const lease = await lock(path)
    await (lease.release as (given: unknown) => Promise<void>)(given)
    assert.is(await lock.holder(path), undefined)
    assert.ok(existsSync(`${path}.lock`))
  }
})

holds('sweep removes the locks that are free, and only if it is asked to', async () => {
  const dir = scratch()
  await updateFile(join(dir, 'file'), () => 'x')
  await getOrCreate(join(dir, 'made'), () => 'x')
  mkdirSync(join(dir, 'deep'))
  await withLock(join(dir, 'deep/thing'), () => {})
  await using _ = await lock(join(dir, 'held'))
  // What others have there: a lock of another package, and things that only have such a name.
  mkdirSync(join(dir, 'other.lock'))
  mkdirSync(join(dir, 'full.lock'))
  writeFileSync(join(dir, 'full.lock/thing'), '')
  writeFileSync(join(dir, 'package.lock'), '')
  const before = readdirSync(dir)
  assert.equal(await sweep(dir), [])
  assert.equal(await sweep(dir, { locks: true, dryRun: true, recursive: true }), [
    'deep/thing.lock',
    'file.lock',
    'made.lock',
  ])
  assert.equal(readdirSync(dir), before)
  assert.equal(sweep.sync(dir, { locks: true }), ['file.lock', 'made.lock'])
  assert.equal(await sweep(dir, { locks: true, recursive: true }), ['deep/thing.lock'])
  assert.equal(readdirSync(dir), ['deep', 'file', 'full.lock', 'held.lock', 'made', 'other.lock', 'package.lock'])
})

// ---- Schedules ----

/** The filesystem's clock of a world: a name, which an adversary changes. A private directory is as old as it says. */
const onClock = (dir: string, steps: Steps<unknown>, seen: (us: number) => number = us => us): Steps<unknown> =>
  lookingAt(dir, steps, seen)

function* lookingAt(dir: string, steps: Steps<unknown>, seen: (us: number) => number): Steps<unknown> {
  let next = steps.next()
  while (!next.done) {
    const { op, args } = next.value
    try {
      const value = yield next.value
      const isClock = op === 'lstat' && /\.holdfast$/.test(String(args[0]))
      next = steps.next(isClock ? { ...value, mtimeNs: BigInt(seen(yield* timeOf(dir))) * 1000n } : value)
    } catch (error) {
      next = steps.throw(error)
    }
  }
  return next.value
}

function* timeOf(dir: string): Steps<number> {
  return Number((yield* fs.readdir(`${dir}/time`))[0])
}

function* passes(dir: string): Steps<void> {
  for (let us = 1; us < 3; us++) yield* fs.rename(`${dir}/time/${us}`, `${dir}/time/${us + 1}`)
}

/** Takes the lock, notes its fence, and removes the lock. */
function* lives(dir: string): Steps<void> {
  const hold = yield* lock.steps(`${dir}/x`)
  // No two can make one name.
  yield* fs.mkdir(`${dir}/fences/${hold.fence}`)
  yield* release(hold, { remove: true })
}

const living = (player: (dir: string) => Steps<unknown>, budgets: Partial<World> = {}): World => ({
  ...budgets,
  setup: dir => {
    mkdirSync(join(dir, 'fences'))
    mkdirSync(join(dir, 'time/1'), { recursive: true })
  },
  players: dir => ({ A: player(dir), B: player(dir) }),
  adversaries: dir => ({ clock: passes(dir) }),
  check: ending => {
    nobodyThrew(ending)
    const fences = ending.log.flatMap(({ op, args: [path] }) =>
      op === 'mkdir' ? Number(/^fences\/(\d+)$/.exec(String(path))?.[1] ?? Number.NaN) : [],
    )
    const given = fences.filter(Number.isFinite)
    if (given.some((fence, at) => fence <= (given[at - 1] ?? 0))) throw new Error(`fences ${given}`)
  },
})

explored(
  'explored: two take a lock and remove it, while the filesystem’s clock stands or goes: no fence comes twice',
  () => {
    prove(
      'two lives of a lock',
      living(dir => onClock(dir, lives(dir))),
      { preemptions: 2 },
    )
  },
)

/** Believes that the clock is past every fence when it removes the lock. */
const careless = (dir: string): Steps<unknown> => {
  let looks = 0
  return onClock(dir, lives(dir), us => (looks++ === 0 ? us : Number.MAX_SAFE_INTEGER))
}

explored('the same world catches: one that removes a lock at any time', () => {
  caught('removed at any time', /fences|EEXIST/, living(careless), { preemptions: 2 })
})
