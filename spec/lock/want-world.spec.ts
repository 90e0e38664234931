// Every order of the calls of a holder that takes its lock again at once, and of others that wait: who is the next gets it.

import { join } from 'node:path'
import { cell, lock } from 'holdfast'
import { fs, release, type Steps } from 'holdfast/steps'
import type { Ending, World } from 'holdfast/testing'
import { parseState, type State, spellState, successor } from '../../lib/cell/state.js'

import { withoutClock } from '../../lib/core/owner-words.js'
import { freeFields, freeToken, heldFields, parseLock, type Token } from '../../lib/lock/token.js'
import { keptMore, wantOf, withWant } from '../../lib/lock/turn/want.js'
import { tidy } from '../../lib/parts/cleanup.js'
import { nonces } from '../../lib/parts/stage-names.js'
import { caught, explored, nobodyThrew, prove } from '../support/kit.js'

/** Takes the lock, releases it, and takes it again at once. */
function* twice(path: string): Steps<void> {
  yield* once(path)
  yield* once(path)
}

function* once(path: string): Steps<void> {
  yield* release(yield* lock.steps(path))
}

/** One change of the lock: by which player, and what the token says before and after. */
interface Change {
  readonly player: string
  readonly from: Token
  readonly to: Token
}

function changesOf({ log }: Ending): Change[] {
  return log.flatMap(({ player, op, args, failed }) => {
    const [from, to] = args.map(arg => parseState(/^\/x\.lock\/(.*)$/.exec(String(arg))?.[1] ?? ''))
    if (op !== 'rename' || failed || !from || !to) return []
    return [{ player, from: parseLock('', from), to: parseLock('', to) }]
  })
}

const nameOf = (who: string): string => 'ABC'[Number(who.split('-')[1])] as string

/** Throws if a call gets the lock, or takes the place of the next one, before its turn. */
function assertTurn({ player, from, to }: Change, isKilled: (player: string) => boolean): void {
  const [was, is] = [wantOf(from), wantOf(to)]
  if (!was) return
  const next = nameOf(was.who)
  if (player === next || isKilled(next)) return
  const isTaken = to.hold !== undefined && to.hold !== from.hold
  if (from.owner === undefined) {
    const waitedMs = (to.beatMs ?? 0) - (was.keptAtMs ?? 0)
    if (isTaken && waitedMs < 100) throw new Error(`${player} takes what is kept for ${next}, after ${waitedMs} ms`)
  } else if (is === undefined) throw new Error(`${player} forgets that ${next} is the next`)
  else if (is.who !== was.who && is.ticket >= was.ticket) throw new Error(`${player} takes the place of ${next}`)
}

let handovers = 0

type Played = Readonly<Record<string, (path: string) => Steps<void>>>

const turns = (play: Played, budgets: Partial<World>): World => ({
  tick: 100,
  ...budgets,
  setup: dir => void cell.create.sync(join(dir, 'x.lock'), { fields: ['f', '0'] }),
  players: dir => Object.fromEntries(Object.entries(play).map(([name, steps]) => [name, steps(join(dir, 'x'))])),
  check: ending => {
    nobodyThrew(ending)
    const all = changesOf(ending)
    for (const change of all) assertTurn(change, player => ending.outcomes[player]?.how === 'killed')
    for (const { player, from } of all) {
      const want = from.owner === undefined ? wantOf(from) : undefined
      if (want && nameOf(want.who) === player) handovers++
    }
    const last = all.at(-1)?.to
    const want = last && wantOf(last)
    if (want && ending.outcomes[nameOf(want.who)]?.how !== 'killed')
      throw new Error(`${nameOf(want.who)} does not wait any more, and is the next`)
  },
})

const two: Played = { A: twice, B: once }
const three: Played = { A: twice, B: once, C: once }

for (const [what, play, budgets] of [
  ['two ticks, one killed', two, { ticks: 2, kills: 1 }],
  ['one tick, one gives up', two, { ticks: 1, aborts: 1 }],
  ['one tick, a swap fails', two, { ticks: 1, failures: 1, failIn: ['rename'] }],
  ['three, one tick', three, { ticks: 1 }],
] as const)
  explored(`explored: ${what}: the next one gets the lock`, () => {
    handovers = 0
    prove(`turns, ${what}`, turns(play, budgets), { preemptions: 1 }, () => handovers > 0)
  })

/** A player's own way of one step of the protocol, on a state as it is at that moment. */
function* swapOnce(path: string, next: (token: Token, me: string) => readonly string[] | undefined): Steps<void> {
  const [name = ''] = yield* fs.readdir(`${path}.lock`)
  const state = parseState(name) as State
  const fields = next(parseLock('', state), yield* fs.thread())
  if (!fields) return
  const to = spellState(successor(state, { fields }, yield* nonces()))
  yield* tidy(fs.rename(`${path}.lock/${name}`, `${path}.lock/${to}`))
}

const holdOf = (fence: number, owner: string) => ({ fence: fence + 1, owner, id: '0123456789abcdef', staleMs: 1000 })

/** Releases the lock without a look at who is the next. */
function* forgets(path: string): Steps<void> {
  const { id } = yield* lock.steps(path)
  yield* swapOnce(path, ({ hold, fence }, me) => (hold === id ? freeFields(freeToken(fence, me)) : undefined))
}

/** Takes a free lock, whoever it is kept for, and releases it. */
function* barges(path: string): Steps<void> {
  yield* swapOnce(path, ({ owner, fence }, me) => (owner === undefined ? heldFields(holdOf(fence, me), 0) : undefined))
  yield* swapOnce(path, (token, me) =>
    token.owner === me ? freeFields(freeToken(token.fence, me, keptMore(token, 0))) : undefined,
  )
}

/** Wants the lock, whoever began earlier. */
function* pushes(path: string): Steps<void> {
  yield* swapOnce(path, (token, me) => {
    const { hold = '', fence, owner, beatMs = 0, staleMs = 0 } = token
    if (owner === undefined) return undefined
    const more = withWant(token, { ticket: fence, who: withoutClock(me), keptAtMs: undefined })
    return heldFields({ fence, owner, id: hold, staleMs }, beatMs, more)
  })
  yield* once(path)
}

for (const [what, play, why] of [
  ['a release that forgets who is the next', { A: forgets, B: once }, /A forgets that B is the next/],
  [
    'one that takes what is kept for another',
    { A: once, B: once, C: barges },
    /C takes what is kept for B, after -?\d+ ms/,
  ],
  ['one that takes the place of an earlier one', { A: once, B: once, C: pushes }, /C takes the place of B/],
] as const)
  explored(`the same world catches: ${what}`, () => {
    caught(what, why, turns(play, { ticks: 1 }), { preemptions: 2 })
  })
