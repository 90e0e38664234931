// Performs the calls of players: those about the world as a whole, and those in its directory.

import type { Call } from '../../core/steps.js'
import type { Directory } from './directory.js'
import { perform } from './door.js'
import { playerOf } from './footprint.js'
import type { Player } from './player.js'
import type { World } from './world.js'

interface Around {
  readonly world: World
  readonly ground: Directory
  readonly players: readonly Player[]
  readonly clock: number
  readonly honest: boolean
}

export function performInWorld(player: Player, call: Call, { world, ground, players, clock, honest }: Around): unknown {
  if (call.op === 'now') return clock
  if (call.op === 'local') return honest
  if (call.op !== 'alive') return perform(player, call, ground)
  const owner = players[playerOf(call.args[0] as string)]
  if (world.strangers && owner !== player) return undefined
  // An owner that is none of the players died before the world began.
  return owner !== undefined && owner.outcome?.how !== 'killed'
}
