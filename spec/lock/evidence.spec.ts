// What is known of a holder that nobody here can judge: how long it was silent, on which clock.

import { readdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { cell, getOrCreate, type Lease, lock, sweep, updateFile } from 'holdfast'
import { dual, fs, renew, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { parseState, spellState, successor } from '../../lib/cell/state.js'
import { heldFields, parseLock } from '../../lib/lock/token.js'
import { through } from '../broken/interfere.js'
import { assert, caught, everyPlace, explored, holds, nobodyThrew, prove, scratch, sized } from '../support/kit.js'
import { eventually } from '../support/left.js'
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
        [30_000, false],
        [60_001, true],
      ] as const) {
        const fences = [
          fenceOf(await lock.try(heldBy(owner, silentMs, 60_000))),
          fenceOf(lock.try.sync(heldBy(owner, silentMs, 60_000), { stale: 10 })),
          fenceOf(
            await lock(heldBy(owner, silentMs, 60_000), { timeout: isTaken ? 20_000 : 5 }).catch(() => undefined),
          ),
        ]
        assert.equal(fences, isTaken ? [2, 2, 2] : [undefined, undefined, undefined])
      }
    },
  )

holds('the beat of another clock says nothing', async () => {
  const path = heldBy(stranger, 3_600_000, 10_000)
  assert.is(await lock.try(path), undefined)
})

/** How a call looks once, or for less than the holder may be silent. */
const glances: Readonly<Record<string, (path: string, timeout: number) => Promise<unknown>>> = {
  'lock.try': path => lock.try(path),
  'lock.try.sync': async path => lock.try.sync(path),
  'lock with a time-out': (path, timeout) => lock(path, { timeout }),
  'getOrCreate without waiting': path => getOrCreate(path, () => 'made', { wait: false }),
  'updateFile with a time-out': (path, timeout) => updateFile(path, () => 'made', { timeout }),
}

/** Did it get the lock? */
async function gets(glance: (path: string) => Promise<unknown>, path: string): Promise<boolean> {
  try {
    const got = await glance(path)
    if (got && typeof got === 'object' && 'release' in got) await (got as Lease).release()
    return got !== undefined
  } catch (error) {
    // A machine that is busy ends the call before it can say who holds the lock.
    assert.match((error as NodeJS.ErrnoException).code as string, /^ERR_(LOCK_HELD|TIMEOUT)$/)
    return false
  }
}

const asOnFuse = (glance: (path: string) => Steps<unknown>) =>
  dual((path: string) =>
    through(glance(path), call => (call.op === 'clocked' ? { op: 'settle', args: [false] } : call)),
  )

const clockedPlaces = process.platform === 'linux' ? everyPlace : []
for (const { kind, dir } of clockedPlaces)
  holds(
    `on ${kind}, a holder of an earlier boot, or of another machine, is taken over at one look, by the filesystem’s clock`,
    async () => {
      const top = scratch(dir)
      const paths = Object.keys(glances).map((_, nth) => join(top, `${nth}`))
      for (const path of paths) layLock(path, heldFields({ fence: 1, owner: stranger, id: hold, staleMs: 1 }, 0))
      const soon = join(top, 'soon')
      layLock(soon, heldFields({ fence: 1, owner: stranger, id: hold, staleMs: 60_000 }, 0))
      await wait(2_050)
      for (const [nth, glance] of Object.values(glances).entries()) {
        assert.not(await gets(path => glance(path, 400), soon))
        // A busy disk may take more than 400 ms for one look.
        assert.ok(await gets(path => glance(path, 20_000), paths[nth] as string), Object.keys(glances)[nth])
      }
      await eventually(() => {
        const left = readdirSync(top).filter(name => name.endsWith('.holdfast'))
        assert.equal(left.length, 1, left.join())
      })
    },
  )

holds('where no clock says it, a call that gives up leaves word, and a later one takes over', async () => {
  const top = scratch()
  for (const [name, glance] of Object.entries({
    try: asOnFuse(path => lock.try.steps(path)),
    other: asOnFuse(path => getOrCreate.steps(path, () => 'made', { wait: false })),
  })) {
    const path = join(top, name)
    layLock(path, heldFields({ fence: 1, owner: stranger, id: hold, staleMs: 300 }, 0))
    const began = performance.now()
    assert.not(await gets(glance, path))
    // Whenever it looks, also where the machine is busy meanwhile: not too early.
    while (!(await gets(glance, path))) await wait(5)
    const tookMs = performance.now() - began
    assert.ok(tookMs >= 299, `${tookMs}`)
  }
  assert.equal(
    readdirSync(top).filter(name => name.endsWith('.holdfast')),
    [],
  )
})

holds('word of another heartbeat, another hold, or another boot is about another', async () => {
  const top = scratch()
  const glance = asOnFuse(path => lock.try.steps(path))
  const path = join(top, 'thing')
  layLock(path, heldFields({ fence: 1, owner: stranger, id: hold, staleMs: 100 }, 5))
  assert.not(await gets(glance, path))
  await wait(120)
  changeLock(path, () => heldFields({ fence: 1, owner: stranger, id: hold, staleMs: 100 }, 6))
  assert.not(await gets(glance, path))
  await wait(120)
  const [word = ''] = readdirSync(top).filter(name => name.endsWith('.holdfast'))
  renameSync(join(top, word), join(top, word.replace(/\.[0-9a-z]+-0-0\./, '.0123456789-0-0.')))
  assert.not(await gets(glance, path))
  // A sweeper cannot judge who has left it, so it goes by its age.
  assert.equal([await sweep(top), (await sweep(top, { grace: 0 })).length], [[], 2])
})

holds('how long a holder may be silent is for it to say, and not for those that wait', async () => {
  const path = heldBy(stranger, 0, 60_000)
  // In this form there is time to find out who holds it, on a busy machine as well.
  assert.throws(() => lock.sync(path, { stale: 20, timeout: 300 }), { code: 'ERR_LOCK_HELD' })
  const began = performance.now()
  assert.ok((fenceOf(await lock(heldBy(stranger, 0, 150), { stale: 60_000 })) ?? 0) > 1)
  assert.ok(performance.now() - began >= 150)
})

holds('a holder that never counts as dead by silence is waited for', async () => {
  const path = heldBy(stranger, 3_600_000, Number.POSITIVE_INFINITY)
  assert.throws(() => lock.sync(path, { stale: 10, timeout: 200 }), { code: 'ERR_LOCK_HELD' })
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

/** B looks twice, in two calls. Returns when it took the lock over. */
function* triesTwice(path: string): Steps<number | undefined> {
  return (yield* tries(path)) ?? (yield* tries(path))
}

/** Leaves word of the hold, and not of its heartbeat. */
function* forgetful(path: string): Steps<number | undefined> {
  for (let nth = 0; nth < 2; nth++) {
    const [name = ''] = yield* fs.readdir(`${path}.lock`)
    const state = parseState(name)
    if (state?.fields[0] !== 'h') return undefined
    const [nowMs, token] = [yield* fs.now(), parseLock('', state)]
    const [seen] = (yield* fs.readdir(dirname(path))).filter(one => one.startsWith('word'))
    const [, which, at] = seen?.split('.') ?? []
    if (which !== token.hold) yield* fs.mkdir(`${dirname(path)}/word.${token.hold}.${nowMs}`)
    else if (nowMs - Number(at) >= (token.staleMs ?? 0)) {
      const fields = heldFields(
        { fence: token.fence + 1, owner: yield* fs.thread(), id: hold, staleMs: waiters },
        nowMs,
      )
      yield* fs.rename(`${path}.lock/${name}`, `${path}.lock/${spellState(successor(state, { fields }, hold))}`)
      return yield* fs.now()
    }
  }
  return undefined
}

/** B may take the lock over only when A was silent for as long as it had said. */
const silent = (
  player: (path: string) => Steps<number | undefined>,
  tick: number,
  strangers: World['strangers'] = 'of one boot',
): World => ({
  strangers,
  ticks: 2,
  tick,
  setup: dir => void cell.create.sync(join(dir, 'x.lock'), { fields: ['f', '0'] }),
  players: dir => ({ A: beats(join(dir, 'x')), B: player(join(dir, 'x')) }),
  check: ending => {
    const { A, B } = ending.outcomes
    if (player === tries || player === triesTwice) nobodyThrew(ending)
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

for (const tick of sized([30], [20, 30]))
  explored(`explored: one looks twice from another machine, two ticks of ${tick} ms: nobody is robbed`, () => {
    assert.ok(prove(`two looks from elsewhere, ${tick} ms`, silent(triesTwice, tick, true)).complete)
  })

explored('the same world catches: one that leaves word of the hold, and not of its heartbeat', () => {
  caught('word of the hold', /robbed after (30|40) ms/, silent(forgetful, 30, true))
})

explored('the same world catches: one that judges others by its own patience', () => {
  caught('its own patience', /robbed after (20|40) ms/, silent(impatient, 20))
})
