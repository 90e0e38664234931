// Beside other packages that lock the same path by making an empty directory, as proper-lockfile does.

import { existsSync, mkdirSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { getOrCreate, type LockOptions, lock, updateFile, within, withLock } from 'holdfast'
import face from 'holdfast/proper-lockfile'
import {
  type Call,
  drive,
  driveSync,
  dual,
  fs,
  type Hold,
  hasCode,
  type Patience,
  release,
  type Stats,
  type Steps,
} from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import properLockfile from 'proper-lockfile'
import { successor } from '../../lib/cell/state.js'
import { fill } from '../../lib/lock/place/in-place.js'
import { endedAt, through } from '../broken/interfere.js'
import { mountCaseless } from '../support/caseless.js'
import { deadPid } from '../support/dead-owner.js'
import { assert, caught, explored, holds, nobodyThrew, note, places, prove, scratch, sized } from '../support/kit.js'
import { assertRefusesBadInput } from '../support/laws.js'
import { assertHeldByNamed, eventually } from '../support/left.js'

const onLinux = process.platform === 'linux'
const theirs = { realpath: false, stale: 10_000 } as const
const busy = { code: 'ERR_LOCK_HELD', message: /another package/ }

// ---- Schedules ----

/** Only one may be inside: no two can make one name. */
function* inside(dir: string): Steps<void> {
  yield* fs.mkdir(`${dir}/inside`)
  yield* fs.rmdir(`${dir}/inside`)
}

function* ours(dir: string, options: LockOptions): Steps<string> {
  const hold = yield* lock.try.steps(`${dir}/x`, options)
  if (!hold) return 'busy'
  yield* inside(dir)
  yield* release(hold)
  return 'ours'
}

/** As other packages do; what is stale for them is removed, and then made anew. */
function* byMkdir(dir: string, isStale = false): Steps<string> {
  const path = `${dir}/x.lock`
  try {
    yield* fs.mkdir(path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    if (!isStale) return 'busy'
    try {
      yield* fs.rmdir(path)
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) throw error
    }
    return yield* byMkdir(dir)
  }
  yield* inside(dir)
  yield* fs.rmdir(path)
  return 'theirs'
}

function beside(players: World['players'], budgets: Partial<World> = {}): World & { readonly ends: Set<string> } {
  const ends = new Set<string>()
  return {
    ...budgets,
    ends,
    players,
    check: ending => {
      const isKilled = Object.values(ending.outcomes).some(({ how }) => how === 'killed')
      // One that is killed stays inside. Whether another was there before it died shows where it is not killed.
      if (!isKilled) nobodyThrew(ending)
      const said = Object.values(ending.outcomes).map(end => (end.how === 'returned' ? String(end.value) : end.how))
      ends.add(said.join())
    },
  }
}

const exclusively = { foreign: Number.POSITIVE_INFINITY }

explored('explored: with foreign, a lock that is made beside another package is of one of both', () => {
  const world = beside(dir => ({ A: ours(dir, exclusively), B: byMkdir(dir) }))
  const { complete } = prove('1 of ours, 1 of theirs', world)
  assert.ok(
    complete && ['ours,busy', 'busy,theirs', 'ours,theirs'].every(end => world.ends.has(end)),
    [...world.ends].join(' '),
  )
  const three = beside(dir => ({ A: ours(dir, exclusively), B: ours(dir, exclusively), C: byMkdir(dir) }))
  prove('2 of ours, 1 of theirs', three, { preemptions: sized(1, 3) })
})

/** As in Deno, and wherever files have no modes. */
const withoutBit = (steps: Steps<unknown>) =>
  through(steps, ({ op, args }) =>
    op === 'mkdir' ? ({ op, args: [args[0], Number(args[1] ?? 0o777) & 0o777] } as Call) : ({ op, args } as Call),
  )

explored('explored: the same holds where no directory keeps the bit that marks one which is just made', () => {
  const world = beside(dir => ({ A: withoutBit(ours(dir, exclusively)), B: byMkdir(dir) }))
  const { complete } = prove('1 of ours without the bit, 1 of theirs', world)
  assert.ok(
    complete && ['ours,busy', 'busy,theirs', 'ours,theirs'].every(end => world.ends.has(end)),
    [...world.ends].join(' '),
  )
  const two = beside(dir => ({ A: withoutBit(ours(dir, exclusively)), B: withoutBit(ours(dir, exclusively)) }))
  prove('2 of ours without the bit', two, { preemptions: sized(1, 3) })
})

explored('explored: what another package takes for stale while it is made is made anew, or is theirs', () => {
  const world = beside(dir => ({ A: ours(dir, exclusively), B: byMkdir(dir, true) }))
  const { complete } = prove('1 of ours, 1 of theirs that removes it', world, { maxSteps: 2000 })
  assert.ok(complete && [...world.ends].some(end => end.includes('theirs')), [...world.ends].join(' '))
  const two = beside(dir => ({ A: ours(dir, exclusively), B: ours(dir, exclusively), C: byMkdir(dir, true) }))
  prove('2 of ours, 1 of theirs that removes it', two, { preemptions: sized(1, 2), maxSteps: 2000 })
})

explored('the same world catches: a lock that is made by a rename', () => {
  caught(
    'a rename replaces theirs',
    /EEXIST|ENOENT|ENOTEMPTY/,
    beside(dir => ({ A: ours(dir, {}), B: byMkdir(dir) })),
  )
})

/** Theirs was left behind by a process that has died: nothing else is as old. */
const left = (players: World['players'], budgets: Partial<World> = {}): ReturnType<typeof beside> => ({
  ...beside(players, budgets),
  setup: dir => mkdirSync(join(dir, 'x.lock')),
})

/** What a world begins with has a small number there; what its players make, a large one. All times read 0. */
const wasLeft = (there: Stats | undefined): there is Stats => there !== undefined && there.ino < 10_000n

/** What was left is filled, and locked then. */
function* takeOver(dir: string): Steps<string> {
  const path = `${dir}/x.lock`
  const there = yield* fs.lstat(path, { throwIfNoEntry: false })
  const state = successor(undefined, { fields: ['f', '0'] }, (yield* fs.random(8)).toString('hex'))
  if (wasLeft(there)) yield* fill(path, there, state, { as: 'lock', path })
  return yield* ours(dir, exclusively)
}

explored('explored: two take over what another package has left, beside one that removes it and makes its own', () => {
  const alone = left(dir => ({ A: takeOver(dir), B: byMkdir(dir, true) }), { splitListings: true })
  assert.ok(prove('1 of ours, 1 of theirs, left', alone, { maxSteps: 2000 }).complete)
  const two = left(dir => ({ A: takeOver(dir), B: takeOver(dir) }), { kills: 1 })
  prove('2 of ours, left, one killed', two, { preemptions: sized(1, 3), maxSteps: 2000 }, () => two.ends.size > 2)
  const three = left(dir => ({ A: takeOver(dir), B: takeOver(dir), C: byMkdir(dir, true) }))
  prove('2 of ours, 1 of theirs, left', three, { preemptions: sized(1, 2), maxSteps: 2000 })
  for (const { ends } of [alone, three])
    assert.ok(
      [...ends].some(end => end.includes('theirs')),
      [...ends].join(' '),
    )
})

/** Removes what was left, right after a look at it, and makes its own. */
function* byRemoval(dir: string): Steps<string> {
  const path = `${dir}/x.lock`
  const there = yield* fs.lstat(path, { throwIfNoEntry: false })
  if (!wasLeft(there)) return 'busy'
  yield* fs.rmdir(path)
  yield* fs.mkdir(path)
  yield* inside(dir)
  return 'ours'
}

explored('the same world catches: what was left is removed by its name', () => {
  caught(
    'removed by its name',
    /EEXIST|ENOENT|ENOTEMPTY/,
    left(dir => ({ A: byRemoval(dir), B: byMkdir(dir, true) })),
  )
})

/** Replaces what was left by a rename, right after a look at it. */
function* byRename(dir: string): Steps<string> {
  yield* fs.mkdir(`${dir}/stage`)
  yield* fs.close(yield* fs.open(`${dir}/stage/token`, 'wx'))
  const there = yield* fs.readdir(`${dir}/x.lock`)
  if (there.length > 0) return 'busy'
  yield* fs.rename(`${dir}/stage`, `${dir}/x.lock`)
  yield* inside(dir)
  return 'ours'
}

explored('the same world catches: what was left is replaced by a rename', () => {
  caught(
    'replaced by a rename',
    /EEXIST|ENOENT|ENOTEMPTY/,
    left(dir => ({ A: byRename(dir), B: byMkdir(dir, true) })),
  )
})

// ---- One process ----

holds('another package’s lock is waited for, and named', async () => {
  const path = join(scratch(), 'thing')
  const unlock = await properLockfile.lock(path, theirs)
  const holder = await lock.holder(path)
  assert.equal([holder?.owner, holder?.pid, holder?.fence, holder?.foreign], ['another package', undefined, 0, true])
  assert.equal(await lock.holders(path), [holder])
  assert.is(await lock.try(path), undefined)
  assert.is(lock.try.sync(path, { foreign: 10_000 }), undefined)
  const soon = { timeout: 50 }
  for (const call of [
    () => lock(path, soon),
    () => withLock(path, () => assert.unreachable(), { ...soon, foreign: 10_000 }),
    () => updateFile(path, () => 'x', soon),
  ])
    assert.match((await assertHeldByNamed(call)).message, busy.message)
  await assert.rejects(
    getOrCreate(path, () => 'x', { wait: false }),
    busy,
  )
  assert.match((await assertHeldByNamed(() => lock.sync(path, soon))).message, busy.message)
  await using root = await within(join(path, '..'))
  assert.is((await root.lock.holder('thing'))?.foreign, true)
  const waiting = withLock(path, () => 'got it')
  setTimeout(unlock, 100)
  assert.is(await waiting, 'got it')
  assert.is(await lock.holder(path), undefined)
})

holds('another package’s lock is named below a root, too', async () => {
  const dir = scratch()
  const unlock = await properLockfile.lock(join(dir, 'thing'), theirs)
  await using root = await within(dir)
  const error = await assertHeldByNamed(() => root.lock('thing', { timeout: 50, foreign: 10_000 }))
  assert.match(error.message, busy.message)
  await unlock()
})

holds('that package takes no lock of ours, and gets it when it was removed', async () => {
  const path = join(scratch(), 'thing')
  // No heartbeat sets its times meanwhile.
  const lease = await lock(path, { foreign: 10_000, stale: 3_600_000 })
  await assert.rejects(properLockfile.lock(path, theirs), { code: 'ELOCKED' })
  const long = new Date(Date.now() - 60_000)
  // It takes it for stale, and cannot remove it.
  for (const _ of [1, 2]) {
    utimesSync(`${path}.lock`, long, long)
    await assert.rejects(properLockfile.lock(path, theirs), { code: 'ENOTEMPTY' })
  }
  await lease.release()
  await assert.rejects(properLockfile.lock(path, theirs), { code: 'ELOCKED' })
  await (await lock(path)).release({ remove: true })
  await (await properLockfile.lock(path, theirs))()
  assert.not(existsSync(`${path}.lock`))
})

/** Waits for a lock that another package sets the times of before each look. */
const touching = (path: string) =>
  dual(
    (_: Patience = {}) =>
      through(lock.steps(path, { foreign: 1_000 }), call => {
        if (call.op === 'readdir') utimesSync(`${path}.lock`, 1, 1)
        return call
      }),
    { patient: true },
  )

/** The filesystem does not say what time it is. */
const withoutClock = <T>(steps: Steps<T>): Steps<T> =>
  through(steps, call => (call.op === 'clocked' ? { op: 'settle', args: [false] } : call))

for (const { kind, dir } of places)
  holds(`on ${kind}: what another package has left is taken over after \`foreign\` ms without a change`, async () => {
    const top = scratch(dir)
    const [path, kept, old] = ['watched', 'kept', 'old'].map(name => join(top, name)) as [string, string, string]
    for (const one of [path, kept, old]) mkdirSync(`${one}.lock`)
    const began = performance.now()
    // At each look there is a change since the last one.
    const waiting = touching(kept)({ timeout: 2_100 })
    assert.is(await lock.try(path, { foreign: 300 }), undefined)
    // Its age is not known, so what shows it is that it was watched.
    const hold = await drive(withoutClock(lock.steps(path, { foreign: 300 })))
    const ms = performance.now() - began
    assert.ok(ms >= 300, `${ms}`)
    await assert.rejects(waiting, {})
    // What can be seen at one look is its age on the filesystem's clock, with 2 s more.
    await wait(Math.max(0, 2_100 - (performance.now() - began)))
    assert.is(await lock.try(old, { foreign: 60_000 }), undefined)
    assert.is(await lock.try(old, { foreign: Number.POSITIVE_INFINITY }), undefined)
    assert.is(await lock.try(old), undefined)
    const late = await lock.try(old, { foreign: 100 })
    assert.is(late !== undefined, onLinux)
    await late?.renew()
    await late?.release({ remove: true })
    await drive(release(hold, { remove: true }))
    await eventually(() => assert.equal(readdirSync(top).sort(), onLinux ? ['kept.lock'] : ['kept.lock', 'old.lock']))
  })

holds(
  'a call that is killed while it makes or takes over a lock beside other packages is in the way of none',
  async () => {
    const { owner, release: free } = await lock(join(scratch(), 'mine'))
    await free()
    const died = `${owner.split('-')[1]}-${deadPid().toString(36)}-1`
    for (const there of [false, true])
      for (let k = 0; ; k++) {
        const top = scratch()
        const path = join(top, 'thing')
        if (there) mkdirSync(`${path}.lock`)
        if (there) await wait(15)
        const steps = lock.steps(path, there ? { foreign: 10, stale: 30 } : { ...exclusively, stale: 30 })
        const isKilled = endedAt(k, steps, died)
        const lease = await lock(path, { foreign: 20, timeout: 10_000, stale: 50 })
        await lease.release({ remove: true })
        assert.not(existsSync(`${path}.lock`), `call ${k}`)
        if (!isKilled) break
      }
  },
)

holds('a lock that was made beside other packages is like any other', async () => {
  const top = scratch()
  for (const options of [exclusively, { foreign: 10 }, { ...exclusively, mode: 0o750 }]) {
    const path = join(top, Object.values(options).join())
    if (options.foreign === 10) mkdirSync(`${path}.lock`)
    const lease = await lock(path, options)
    const mode = statSync(`${path}.lock`).mode & 0o7777
    if (onLinux) assert.is(mode.toString(8), options.foreign !== 10 && 'mode' in options ? '4750' : '4755')
    assert.ok(Math.abs(lease.fence - Date.now() * 1000) < 60_000_000)
    await lease.release()
    assert.is(await withLock(path, ({ fence }) => fence), lease.fence + 1)
    assert.equal(readdirSync(`${path}.lock`).length, 1)
  }
  await assert.rejects(lock(join(top, 'no/thing'), exclusively), { code: 'ENOENT', message: /parents: true/ })
  await withLock(join(top, 'no/thing'), () => {}, { ...exclusively, parents: true })
  await using root = await within(top)
  await root.withLock('below', () => {}, exclusively)
  mkdirSync(join(top, 'taken.lock'))
  await root.withLock('taken', () => {}, { foreign: 10 })
})

holds('where no directory keeps the bit that marks one which is just made, a lock is made all the same', async () => {
  for (const run of [drive, async (steps: Steps<unknown>) => driveSync(steps)]) {
    const top = scratch()
    const path = join(top, 'thing')
    const hold = await run(withoutBit(lock.try.steps(path, { foreign: { stale: 10_000 } })))
    assert.ok(hold, 'nothing was there')
    assert.is(await lock.try(path, exclusively), undefined)
    await assert.rejects(properLockfile.lock(path, theirs), { code: 'ELOCKED' })
    await drive(release(hold as Hold, { remove: true }))
    // Of another package, it is waited for.
    mkdirSync(`${path}.lock`)
    assert.is(await run(withoutBit(lock.try.steps(path, { foreign: { stale: 10_000 } }))), undefined)
    assert.equal(readdirSync(top), ['thing.lock'])
    assert.equal(readdirSync(`${path}.lock`), [])
  }
})

holds('on exFAT a lock is made beside other packages, and by the face of proper-lockfile', async () => {
  const mounted = mountCaseless('exFAT')
  if ('why' in mounted) return note(mounted.why)
  try {
    const path = join(mounted.dir, 'thing')
    await withLock(path, () => assert.rejects(properLockfile.lock(path, theirs), { code: 'ELOCKED' }), exclusively)
    for (const turn of ['first', 'again']) {
      const unlock = await face.lock(join(mounted.dir, 'file'), theirs)
      assert.is(await face.check(join(mounted.dir, 'file'), theirs), true, turn)
      await unlock()
      assert.is(await face.check(join(mounted.dir, 'file'), theirs), false, turn)
    }
  } finally {
    mounted.unmount()
  }
})

holds('with their rule, what is older than `stale` on this machine’s clock is taken over at one look', async () => {
  const path = join(scratch(), 'thing')
  const byRule = { foreign: { stale: 5_000 } }
  mkdirSync(`${path}.lock`)
  const aged = (ms: number) => utimesSync(`${path}.lock`, new Date(Date.now() - ms), new Date(Date.now() - ms))
  for (const ms of [-60_000, 0, 1_000]) {
    aged(ms)
    assert.is(await lock.try(path, byRule), undefined, `${ms} ms`)
  }
  aged(60_000)
  assert.is(await lock.try(path, { foreign: 5_000 }), undefined)
  const lease = lock.try.sync(path, { ...byRule, stale: 3_600_000 })
  assert.is(lease?.state, 'held')
  // From then on it is no lock of theirs, however old it looks.
  aged(60_000)
  await assert.rejects(properLockfile.lock(path, theirs), { code: 'ENOTEMPTY' })
  await lease?.release({ remove: true })
  assert.not(existsSync(`${path}.lock`))
  // Its mtime may lie in the future, and nothing changes it.
  mkdirSync(`${path}.lock`)
  aged(-60_000)
  const later = await lock(path, { foreign: { stale: 100 }, timeout: 10_000 })
  await later.release({ remove: true })
})

holds('foreign must be a number of milliseconds, or a rule', async () => {
  const path = join(scratch(), 'thing')
  const rows = [
    [[path, { foreign: 0 }], 'ERR_OUT_OF_RANGE'],
    [[path, { foreign: '10' }], 'ERR_INVALID_ARG_TYPE'],
    [[path, { foreign: null }], 'ERR_INVALID_ARG_TYPE'],
    [[path, { foreign: {} }], 'ERR_INVALID_ARG_TYPE'],
    [[path, { foreign: { stale: 0 } }], 'ERR_OUT_OF_RANGE'],
    [[path, { foreign: { mtime: 10 } }], 'ERR_INVALID_ARG_VALUE'],
  ] as const
  await assertRefusesBadInput(lock, join(path, '..'), rows as never)
})
