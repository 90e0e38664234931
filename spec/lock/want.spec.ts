// A call that waits for long is the next: it says so in the token of the holder, whose release keeps the lock for it.

import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Lease, lock, sweep } from 'holdfast'
import { type Call, drive, driveSync, dual, fs, type Hold, release, renew, type Steps } from 'holdfast/steps'
import { spellState, successor } from '../../lib/cell/state.js'
import { withoutClock } from '../../lib/core/owner-words.js'
import { isWait } from '../../lib/core/traits.js'
import { freeFields, freeToken, heldFields, parseLock } from '../../lib/lock/token.js'
import { keptMore, type Want, wantOf, withWant } from '../../lib/lock/turn/want.js'
import { through } from '../broken/interfere.js'
import { deadPid } from '../support/dead-owner.js'
import { assert, holds, scratch } from '../support/kit.js'
import { until } from '../support/left.js'
import { changeLock, layLock, stateOf } from '../support/locks.js'

const me = dual(function* me() {
  return yield* fs.thread()
})
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6
/** Does a time that one thread has noted say something to another? */
const hasClocks = process.platform === 'linux'
const hold = '0123456789abcdef'
const other = 'elsewhere-elsewhere-7-1-0-0-0'

/** A thread of this place that has ended. */
const dead = async (): Promise<string> => {
  const [clock, place] = (await me()).split('-')
  return `${clock}-${place}-${deadPid().toString(36)}-1-0-0-0`
}

/** Steps in a thread of that name. */
function* inThread<T>(owner: string, steps: Steps<T>, door: (call: Call) => Call = call => call): Steps<T> {
  return yield* through(steps, call => (call.op === 'thread' ? { op: 'settle', args: [owner] } : door(call)))
}

/** Waits for the lock in another thread. */
const waitsAs = (owner: string, door?: (call: Call) => Call) =>
  dual(
    (path: string, _options: { readonly timeout?: number; readonly signal?: AbortSignal } = {}) =>
      inThread(owner, lock.steps(path), door),
    { patient: true },
  )

const wantAt = (path: string): Want | undefined => wantOf(parseLock('', stateOf(path)))
const isFree = (path: string): boolean => parseLock('', stateOf(path)).owner === undefined
const who = withoutClock(other)

/** Returns false if this machine was too busy to look while the lock is kept. */
async function isHandedOver(): Promise<boolean> {
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  const beganMs = performance.now()
  const waiter = waitsAs(other)(path)
  await until(() => wantAt(path) !== undefined)
  assert.ok(performance.now() - beganMs >= 99)
  assert.equal([wantAt(path)?.ticket, wantAt(path)?.who], [lease.fence, who])
  await lease.renew()
  assert.is(wantAt(path)?.who, who)
  const releasedAtMs = nowMs()
  lease.release.sync()
  assert.ok(isFree(path) && wantAt(path)?.who === who)
  // The first begins with a look, the second with what this thread has left. Without clocks they would wait until it is kept
  // no longer, and block the waiter meanwhile (below).
  const tries = hasClocks ? [() => lock.try.sync(path), () => lock.sync(path, { timeout: 5 })] : []
  const tried = tries.map(gets)
  const isInTime = nowMs() - releasedAtMs < 100
  if (isInTime) assert.not(tried.includes(true))
  assert.ok((await waiter).fence > lease.fence)
  assert.is(wantAt(path), undefined)
  return isInTime
}

function gets(take: () => Lease | undefined): boolean {
  try {
    return fenceOf(take()) !== undefined
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'ERR_LOCK_HELD')
    return false
  }
}

holds('a call that has waited for 100 ms is the next, whatever the holder does after its release', async () => {
  let tries = 1
  while (!(await isHandedOver())) assert.ok(++tries < 20)
})

/** A free lock that was released for a call, so long ago. */
function keptFor(owner: string, agoMs: number, by: string): string {
  const path = join(scratch(), 'thing')
  const held = { fence: 7, owner: by, more: [] }
  const more = withWant(held, { ticket: 3, who: withoutClock(owner), keptAtMs: undefined })
  layLock(path, freeFields(freeToken(7, by, keptMore({ ...held, more }, nowMs() - agoMs))))
  return path
}

const holding = (owner: string) => ({ fence: 7, owner, id: hold, staleMs: 60_000 })

const fenceOf = (lease: Lease | undefined): number | undefined => {
  lease?.release.sync()
  return lease?.fence
}

holds('a lock that is kept for a call of this thread, or for a dead one, is taken at once', async () => {
  const mine = await me()
  for (const owner of [mine, await dead()]) {
    const path = keptFor(owner, 0, mine)
    const lease = await lock.try(path)
    assert.equal([lease?.fence, wantAt(path)], [8, undefined])
    await lease?.release()
  }
})

const onLinux = hasClocks ? holds : (name: string) => holds.skip(name, 'clocks have places on Linux')

onLinux('a lock that is kept for another call is taken when that has not come for 100 ms', async () => {
  const mine = await me()
  // A time that is to come counts as now.
  assert.is(await lock.try(keptFor(other, -60_000, mine)), undefined)
  assert.is(lock.try.sync(keptFor(other, -60_000, mine)), undefined)
  assert.is(fenceOf(await lock.try(keptFor(other, 101, mine))), 8)
  const beganMs = performance.now()
  assert.is(fenceOf(await lock(keptFor(other, 0, mine))), 8)
  assert.ok(performance.now() - beganMs >= 99)
})

holds('if no clock shows since when it is kept, a call that looks once waits for that long', async () => {
  for (const take of [(path: string) => lock.try(path), async (path: string) => lock.try.sync(path)]) {
    const beganMs = performance.now()
    assert.ok((fenceOf(await take(keptFor(other, 3_600_000, other))) ?? 0) > 8)
    assert.ok(performance.now() - beganMs >= 99)
  }
  // If it comes meanwhile, it has the lock.
  const path = keptFor(other, 0, other)
  let comes: Hold | undefined
  const late = through(lock.try.steps(path), call => {
    if (isWait(call)) comes ??= driveSync(inThread(other, lock.try.steps(path)))
    return call
  })
  assert.equal([await drive(late), comes?.fence !== undefined], [undefined, true])
})

holds('a call that gives up is not the next any more, also if the reply to its mark was lost', async () => {
  const lost = (call: Call): Call => {
    if (call.op !== 'rename' || isLost) return call
    isLost = true
    renameSync(call.args[0] as string, call.args[1] as string)
    throw Object.assign(new Error('EIO: lost'), { code: 'EIO', errno: -5, syscall: 'rename' })
  }
  let isLost = false
  const givesUp = async (door: ((call: Call) => Call) | undefined) => {
    const path = join(scratch(), 'thing')
    const lease = await lock(path)
    const stop = new AbortController()
    // Longer than a slow disk takes until the mark is there.
    const timesOut = waitsAs(other, door)(path, { timeout: 3_000 })
    await until(() => wantAt(path)?.who === who)
    // On a busy machine the call ends before it has cleaned up.
    assert.is(await timesOut.catch(() => 'in vain'), 'in vain')
    await until(() => wantAt(path) === undefined)
    const aborted = waitsAs(other)(path, { signal: stop.signal })
    await until(() => wantAt(path)?.who === who)
    stop.abort()
    await assert.rejects(aborted, { code: 'ABORT_ERR' })
    await until(() => wantAt(path) === undefined)
    await lease.release()
  }
  await Promise.all([undefined, lost].map(givesUp))
  assert.ok(isLost)
})

/** A lock that this process holds, and that a call wants. */
async function wanted(owner: string, ticket: number): Promise<{ path: string; lease: Lease }> {
  const path = join(scratch(), 'thing')
  layLock(path, ['f', '9'])
  const lease = await lock(path)
  markAs(path, { ticket, who: withoutClock(owner), keptAtMs: undefined })
  return { path, lease }
}

let marks = 0

function markAs(path: string, want: Want | undefined): void {
  const now = stateOf(path)
  const token = parseLock('', now)
  const own = now.fields.slice(0, now.fields.length - token.more.length)
  const next = successor(now, { fields: [...own, ...withWant(token, want)] }, `${++marks}`.padStart(16, '0'))
  renameSync(join(`${path}.lock`, spellState(now)), join(`${path}.lock`, spellState(next)))
}

holds('a lock that is wanted is handed over, and neither removed nor swept', async () => {
  const { path, lease } = await wanted(other, 3)
  await lease.release({ remove: true })
  assert.ok(isFree(path) && wantAt(path)?.who === who)
  if (process.platform === 'linux')
    assert.equal(await sweep(join(keptFor(other, -60_000, await me()), '..'), { locks: true }), [])
  const left = keptFor(await dead(), 0, await me())
  assert.equal(await sweep(join(left, '..'), { locks: true }), ['thing.lock'])
  assert.not(existsSync(`${left}.lock`))
})

holds('only one that began earlier takes the place of the next one, unless that is dead', async () => {
  const living = 'elsewhere-elsewhere-8-1-0-0-0'
  for (const [owner, ticket, isReplaced] of [
    [living, 9, false],
    [living, 10, false],
    [living, 11, true],
    [await dead(), 3, true],
  ] as const) {
    const { path, lease } = await wanted(living, 3)
    // It begins at fence 10; then there is another holder.
    const stop = new AbortController()
    let hasLooked = false
    const noting = (call: Call): Call => {
      hasLooked ||= isWait(call)
      return call
    }
    const waiter = waitsAs(other, noting)(path, { signal: stop.signal }).catch(() => {})
    await until(() => hasLooked)
    changeLock(path, ([kind = '', , ...rest]) => [kind, 'c', ...rest])
    markAs(path, { ticket, who: withoutClock(owner), keptAtMs: undefined })
    const isNext = () => wantAt(path)?.who === who
    if (isReplaced) await until(isNext)
    else await wait(200)
    assert.is(isNext(), isReplaced, `${owner} ${ticket}`)
    stop.abort()
    await waiter
    await lease.release()
  }
})

holds('one that takes over from a dead holder leaves the next one in its place', async () => {
  const path = join(scratch(), 'thing')
  layLock(path, heldFields(holding(await dead()), 0))
  markAs(path, { ticket: 5, who, keptAtMs: undefined })
  const lease = await lock(path)
  assert.equal([lease.fence, wantAt(path)?.ticket, wantAt(path)?.who], [8, 5, who])
  await lease.release()
  assert.equal([wantAt(path)?.ticket, wantAt(path)?.who], [5, who])
})

holds(
  'a holder that may be dead is not marked: the file that shows how old its heartbeat is stays as it is',
  async () => {
    const path = join(scratch(), 'thing')
    layLock(path, heldFields(holding(other), nowMs()))
    const { nonce } = stateOf(path)
    assert.throws(() => lock.sync(path, { timeout: 700 }), { code: 'ERR_LOCK_HELD' })
    assert.is(stateOf(path).nonce, nonce)
  },
)

holds('a token that says something else in that place is not marked, and that is carried on', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  const now = stateOf(path)
  const next = successor(now, { fields: [...now.fields, 'strange', 'more'] }, hold)
  renameSync(join(`${path}.lock`, spellState(now)), join(`${path}.lock`, spellState(next)))
  assert.is(await waitsAs(other)(path, { timeout: 250 }).catch(() => 'in vain'), 'in vain')
  assert.is(stateOf(path).nonce, hold)
  await lease.release()
  assert.equal(parseLock('', stateOf(path)).more, ['strange', 'more'])
  await (await lock(path)).release()
  assert.equal(parseLock('', stateOf(path)).more, ['strange', 'more'])
})

holds('a holder whose token is marked again and again keeps its lock where replies may be lost, too', async () => {
  for (const act of ['renew', 'release', 'remove'] as const) {
    const path = join(scratch(), 'thing')
    layLock(path, ['f', '9'])
    const run = dual(function* run() {
      const one = yield* lock.steps(path)
      yield* through(act === 'renew' ? renew(one) : release(one, { remove: act === 'remove' }), call => {
        if (call.op === 'local') return { op: 'settle', args: [false] }
        // Just before its first swap, five other calls come.
        if ((call.op === 'rename' || call.op === 'unlink') && marksLeft > 0)
          for (; marksLeft > 0; marksLeft--) markAs(path, { ticket: 5 + marksLeft, who, keptAtMs: undefined })
        return call
      })
      return one
    })
    let marksLeft = 5
    const one = await run()
    assert.is(one.over, act === 'renew' ? undefined : 'released')
    assert.equal([isFree(path), wantAt(path)?.ticket], [act !== 'renew', 6])
  }
})
