// What is known of a holder that nobody here can judge: how long it was silent, on which clock.

import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { cell, type Lease, lock } from 'holdfast'
import { dual, fs, renew, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { parseState, spellState, successor } from '../../lib/cell/state.js'
import { heldFields, parseLock } from '../../lib/lock/token.js'
import { assert, caught, explored, holds, nobodyThrew, prove, scratch } from '../support/kit.js'
import { changeLock, layLock, stateOf } from '../support/locks.js'

const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6
const hold = '0123456789abcdef'
const stranger = 'elsewhere-elsewhere-1-1-0-0-0'

/** The words of this thread as an owner, with the place of its pids replaced: another container of this machine. */
const besides = (owner: string): string => owner.replace(/^([^-]+)-[^-]+/, '$1-elsewhere')

/** A lock that is held. */
function heldBy(owner: string, silentForMs: number, staleMs: number): string {
  const path = join(scratch(), 'thing')
  layLock(path, heldFields({ fence: 1, owner, id: hold, staleMs }, monotonicMs() - silentForMs))
  return path
}

function fenceOf(lease: Lease | undefined): number | undefined {
  lease?.release.sync()
  return lease?.fence
}

const me = dual(function* me() {
  return yield* fs.thread()
})

if (process.platform !== 'linux') holds.skip('a holder in another pid namespace', 'only on Linux a clock has a place')
else
  holds(
    'a holder in another pid namespace is taken over at one look, once it was silent for as long as it had said',
    async () => {
      const owner = besides(await me())
      assert.is((await lock.holder(heldBy(owner, 0, 1)))?.alive, undefined)
      for (const [silentMs, isTaken] of [
        [59_000, false],
        [60_001, true],
      ] as const) {
        const fences = [
          fenceOf(await lock.try(heldBy(owner, silentMs, 60_000))),
          fenceOf(lock.try.sync(heldBy(owner, silentMs, 60_000), { stale: 10 })),
          fenceOf(await lock(heldBy(owner, silentMs, 60_000), { timeout: 5 }).catch(() => undefined)),
        ]
        assert.equal(fences, isTaken ? [2, 2, 2] : [undefined, undefined, undefined])
      }
    },
  )

holds('the beat of another clock says nothing', async () => {
  const path = heldBy(stranger, 3_600_000, 1_000)
  assert.is(await lock.try(path), undefined)
})

holds('how long a holder may be silent is for it to say, and not for those that wait', async () => {
  const path = heldBy(stranger, 0, 60_000)
  await assert.rejects(lock(path, { stale: 20, timeout: 300 }), { code: 'ERR_LOCK_HELD' })
  const began = performance.now()
  assert.is(fenceOf(await lock(heldBy(stranger, 0, 150), { stale: 60_000 })), 2)
  assert.ok(performance.now() - began >= 150)
})

holds('a holder that never counts as dead by silence is waited for', async () => {
  const path = heldBy(stranger, 3_600_000, Number.POSITIVE_INFINITY)
  await assert.rejects(lock(path, { stale: 10, timeout: 200 }), { code: 'ERR_LOCK_HELD' })
  const mine = join(scratch(), 'thing')
  const lease = await lock(mine, { stale: Number.POSITIVE_INFINITY })
  assert.is(parseLock('', stateOf(mine)).staleMs, Number.POSITIVE_INFINITY)
  await lease.release()
})

holds('what else a token says is carried on by heartbeats and by the release', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  const now = stateOf(path)
  changeLock(path, fields => [...fields, '0', 'more'])
  await wait(2)
  await lease.renew()
  const later = parseLock('', stateOf(path))
  const before = parseLock('', now)
  assert.equal([later.more, later.hold, (later.beatMs ?? 0) > (before.beatMs ?? 0)], [['0', 'more'], before.hold, true])
  await lease.release()
  assert.equal(stateOf(path).fields.slice(3), ['0', 'more'])
})

const [promised, waiters] = [50, 5]

/** A holds, and makes one heartbeat. Returns a moment before the last one that it made. */
function* beats(path: string): Steps<number> {
  const bornMs = yield* fs.now()
  const one = yield* lock.steps(path, { stale: promised })
  const beganMs = yield* fs.now()
  try {
    yield* renew(one)
    return beganMs
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_LEASE_LOST') throw error
    return bornMs
  }
}

/** B looks once. Returns when it took the lock over. */
function* tries(path: string): Steps<number | undefined> {
  const one = yield* lock.try.steps(path, { stale: waiters })
  return one && one.fence > 1 ? yield* fs.now() : undefined
}

/** Judges by how long it would be silent itself. */
function* impatient(path: string): Steps<number | undefined> {
  const [name = ''] = yield* fs.readdir(`${path}.lock`)
  const state = parseState(name)
  if (state?.fields[0] !== 'h') return undefined
  const { beatMs = 0, fence } = parseLock('', state)
  if ((yield* fs.now()) - beatMs < waiters) return undefined
  const fields = heldFields(
    { fence: fence + 1, owner: yield* fs.thread(), id: hold, staleMs: waiters },
    yield* fs.now(),
  )
  yield* fs.rename(`${path}.lock/${name}`, `${path}.lock/${spellState(successor(state, { fields }, hold))}`)
  return yield* fs.now()
}

/** B may take the lock over only when A was silent for as long as it had said. */
const silent = (player: (path: string) => Steps<number | undefined>, tick: number): World => ({
  strangers: 'of one boot',
  ticks: 2,
  tick,
  setup: dir => void cell.create.sync(join(dir, 'x.lock'), { fields: ['f', '0'] }),
  players: dir => ({ A: beats(join(dir, 'x')), B: player(join(dir, 'x')) }),
  check: ending => {
    const { A, B } = ending.outcomes
    if (player === tries) nobodyThrew(ending)
    if (A?.how !== 'returned' || B?.how !== 'returned' || B.value === undefined) return
    const silentMs = (B.value as number) - (A.value as number)
    if (silentMs < promised) throw new Error(`robbed after ${silentMs} ms`)
  },
})

for (const tick of [20, 30])
  explored(
    `explored: one looks once while another makes a heartbeat, two ticks of ${tick} ms: nobody is robbed`,
    () => {
      assert.ok(prove(`a look beside a heartbeat, ${tick} ms`, silent(tries, tick)).complete)
    },
  )

explored('the same world catches: one that judges others by its own patience', () => {
  caught('its own patience', /robbed after (20|40) ms/, silent(impatient, 20))
})
