// A holder on another machine, judged at one look by the clock of the filesystem, which need not be that of anybody else.

import { join } from 'node:path'
import { cell, lock } from 'holdfast'
import { fs, renew, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { parseState, type State, spellState } from '../../lib/cell/state.js'
import { heldFields, parseLock } from '../../lib/lock/token.js'
import { msSinceRename } from '../../lib/parts/filesystem-clock.js'
import { stageName } from '../../lib/parts/stage-names.js'
import { answers, assert, caught, explored, nobodyThrew, prove, proveLarge } from '../support/kit.js'
import { layLock } from '../support/locks.js'

const staleMs = 1000
/** For how long a holder must look silent, so that a clock which is set a little robs none. */
const enoughMs = staleMs + 2000

/** Holds, and makes two heartbeats. Returns a moment before the last one that it made. */
function* beats(path: string): Steps<number> {
  let beganMs = yield* fs.now()
  const one = yield* lock.steps(path, { stale: staleMs })
  for (let nth = 0; nth < 2; nth++) {
    const nowMs = yield* fs.now()
    try {
      yield* renew(one)
      beganMs = nowMs
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_LEASE_LOST') throw error
    }
  }
  return beganMs
}

/** One look. Returns when the lock was taken over. */
function* looks(path: string): Steps<number | undefined> {
  const one = yield* lock.try.steps(path, { stale: staleMs })
  return one && one.fence > 1 ? yield* fs.now() : undefined
}

/** Takes the holder for dead if it looks so old. */
const judging = (ageOf: (token: string, dir: string) => Steps<number>, mostMs: number) =>
  function* judges(path: string): Steps<number | undefined> {
    const [name = ''] = yield* fs.readdir(`${path}.lock`)
    const token = `${path}.lock/${name}`
    const state = parseState(name) as State
    if (parseLock('', state).owner === undefined || (yield* ageOf(token, path)) < mostMs) return undefined
    yield* fs.rename(
      token,
      `${path}.lock/${spellState({ ...state, version: state.version + 1, nonce: 'f'.repeat(16) })}`,
    )
    return yield* fs.now()
  }

/** By the clock of the one that looks. */
function* byOwnClock(token: string): Steps<number> {
  return (yield* fs.now()) - Number((yield* fs.lstat(token)).ctimeMs)
}

function* byFileClock(token: string, beside: string): Steps<number> {
  return (yield* msSinceRename(token, beside, enoughMs)) ?? 0
}

/** Without a look at whether a rename shows at all. */
function* unchecked(token: string, beside: string): Steps<number> {
  const { ctimeMs } = yield* fs.lstat(token)
  const path = yield* stageName(beside)
  yield* fs.close(yield* fs.open(path, 'wx'))
  const now = yield* fs.lstat(path)
  yield* fs.unlink(path)
  return Number(now.ctimeMs - ctimeMs)
}

/** A tick of 3.2 s is as long as a holder must be silent, and a little more. */
const fileClocks: Readonly<Record<string, Pick<World, 'fileClock' | 'tick' | 'ticks'>>> = {
  'far behind': { fileClock: { ahead: -3_600_000 }, ticks: 2, tick: 3200 },
  'far ahead': { fileClock: { ahead: 3_600_000 }, ticks: 2, tick: 3200 },
  'set forward by 1.9 s': { fileClock: { tick: 2800 }, ticks: 1, tick: 900 },
  'not moved by renames': { fileClock: { showsRenames: false }, ticks: 2, tick: 1600 },
}

let taken = 0

/** B may take the lock over only when A was silent for as long as it had said. */
const living = (look: typeof looks, clocks: Partial<World>): World => ({
  ...clocks,
  strangers: true,
  setup: dir => void cell.create.sync(join(dir, 'x.lock'), { fields: ['f', '0'] }),
  players: dir => ({ A: beats(join(dir, 'x')), B: look(join(dir, 'x')) }),
  check: ending => {
    const { A, B } = ending.outcomes
    if (look === looks) nobodyThrew(ending)
    if (A?.how !== 'returned' || B?.how !== 'returned' || B.value === undefined) return
    taken++
    const silentMs = (B.value as number) - (A.value as number)
    if (silentMs < staleMs) throw new Error(`robbed after ${silentMs} ms`)
  },
})

for (const [what, clocks] of Object.entries(fileClocks))
  explored(`explored: a clock of files that is ${what}: one that makes its heartbeats elsewhere is not robbed`, () => {
    taken = 0
    // It is taken over where that is right, which shows that it was judged by that clock.
    proveLarge(`files’ clock ${what}`, living(looks, clocks), 1, () => taken > 0 === what.startsWith('far'))
  })

for (const [what, ageOf, mostMs, clocks] of [
  ['its own clock', byOwnClock, enoughMs, 'far behind'],
  ['the clock of files, without a margin', byFileClock, staleMs, 'set forward by 1.9 s'],
  ['the time of a file, where a rename does not show', unchecked, enoughMs, 'not moved by renames'],
] as const)
  explored(`the same world catches: one that judges by ${what}`, () => {
    caught(what, /robbed after (0|900) ms/, living(judging(ageOf, mostMs), fileClocks[clocks] as Partial<World>))
  })

/** Says when it looked, and whether it has taken the lock. */
function* glances(path: string): Steps<readonly [number, boolean]> {
  const nowMs = yield* fs.now()
  return [nowMs, (yield* lock.try.steps(path)) !== undefined]
}

explored('explored: one that has died elsewhere is taken over at one look, once it was silent for long enough', () => {
  const owner = 'clock9-explored-9-0-0-0-0'
  const seen = new Set<boolean>()
  const world: World = {
    ...{ strangers: true, ticks: 2, tick: 1600, fileClock: { ahead: -5000 } },
    setup: dir => layLock(join(dir, 'x'), heldFields({ fence: 7, owner, id: '0123456789abcdef', staleMs }, 0)),
    // Only one: the sleeps of two would end with each other's changes, and the clock would stand still.
    players: dir => ({ A: glances(join(dir, 'x')) }),
    check: ending => {
      nobodyThrew(ending)
      const [[lookedAtMs, isTaken]] = answers(ending) as [readonly [number, boolean]]
      if (lookedAtMs >= enoughMs && !isTaken) throw new Error(`left after ${lookedAtMs} ms`)
      seen.add(isTaken)
    },
  }
  assert.ok(prove('a dead one elsewhere', world, {}, () => seen.size === 2).complete)
})
