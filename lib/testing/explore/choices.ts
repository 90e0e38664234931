// What may happen next in a schedule, within what is left of the world's budgets.

import type { Call } from '../../core/steps.js'
import { givesBack, opsThat } from '../../core/traits.js'
import { faultsOf, mayLoseWrites } from './faults.js'
import type { Player } from './player.js'
import type { Choice, World } from './world.js'

/** How often each kind of choice may still be made. */
export type Budget = Record<Exclude<Choice['kind'], 'call' | 'pass'>, number>

export function budgetOf(world: World): Budget {
  const { kills = 0, failures = 0, lies = 0, omissions = 0, aborts = 0, ticks = 0 } = world
  return { kill: kills, fail: failures, lie: lies, omit: omissions, abort: aborts, tick: ticks }
}

/** Everything that may happen next. The player that went last comes first, so that the first schedule is serial. */
export function choicesOf(players: readonly Player[], last: number, world: World, budget: Budget): Choice[] {
  const inOrder = [
    ...players.filter(({ number }) => number === last),
    ...players.filter(({ number }) => number !== last),
  ]
  const living = inOrder.filter(({ outcome }) => !outcome)
  const all = living.flatMap(player => [...callsOf(player, world, budget), ...endsOf(player, budget)])
  if (living.length > 0 && !living.some(({ awake }) => awake)) all.unshift({ player: -1, slot: 0, kind: 'pass' })
  if (all.length > 0 && budget.tick > 0) all.push({ player: -1, slot: 0, kind: 'tick' })
  return all
}

/** The player makes one of its calls, truly or not. */
function callsOf({ number, adversary, awake, pending, unsynced }: Player, world: World, budget: Budget): Choice[] {
  if (!awake) return []
  return pending.flatMap((call, slot): Choice[] => {
    if (!call) return []
    const faults = adversary ? [] : faultsOf(call, world, budget, unsynced)
    return [{ player: number, slot, kind: 'call' }, ...faults.map(fault => ({ player: number, slot, ...fault }))]
  })
}

/** The player is aborted or killed. */
function endsOf({ number, adversary, injected, pending, underWay }: Player, budget: Budget): Choice[] {
  if (adversary) return []
  const ends: Choice[] = []
  // As in truth, an abort comes once, before a call is made, and never before one that gives back.
  const [first] = pending
  if (budget.abort > 0 && !injected && underWay.untouched && first && !givesBack(first))
    ends.push({ player: number, slot: 0, kind: 'abort' })
  // Opening a directory changes nothing, so a player that has done it might as well have been killed before.
  if (budget.kill > 0 && underWay.listings.length === 0) ends.push({ player: number, slot: 0, kind: 'kill' })
  return ends
}

/** No other process can notice when one of these is made. */
const unseen = opsThat('unseen')

/**
 * If a call is next that no other process can notice, it might as well be made now. Nothing else need be tried before it,
 * except what may happen to its player instead (Godefroid's persistent sets, the smallest there are).
 */
export function withoutLater(choices: readonly Choice[], players: readonly Player[]): readonly Choice[] {
  const one = choices.find(({ kind, player, slot }) => {
    const call = kind === 'call' ? players[player]?.pending[slot] : undefined
    return call !== undefined && unseen.has(call.op) && !canLose(call, player, choices, players)
  })
  if (!one) return choices
  return choices.filter(({ player, slot, kind }) => player === one.player && (slot === one.slot || kind === 'abort'))
}

/** Others may see that a call has failed, if it loses what was written. */
const canLose = (call: Call, player: number, choices: readonly Choice[], players: readonly Player[]): boolean =>
  mayLoseWrites(call, (players[player] as Player).unsynced) &&
  choices.some(choice => choice.player === player && choice.kind === 'fail')
