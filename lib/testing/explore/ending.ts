// The end of a schedule: what `check` gets, and what is thrown if `check` refuses it.

import { BadEnding } from './bad-ending.js'
import { Listing, Opening } from './listing.js'
import type { Schedule } from './schedule.js'
import { columns, mermaid } from './trace.js'
import { type Ending, type Made, spellChoice } from './world.js'

export function endingOf({ root, players, events }: Schedule): Ending {
  const outcomes = Object.fromEntries(players.map(player => [player.name, player.outcome]))
  const log = events.flatMap((event): Made[] => {
    // A directory was opened, which is only the first part of a call.
    if (event.mark || event.value instanceof Listing) return []
    const { call, value, failed } = event
    const args = call.args.map(arg => {
      const path = arg instanceof Opening ? arg.path : arg instanceof Listing ? arg.path : arg
      return typeof path === 'string' ? path.replace(root, '') : path
    })
    return [{ player: players[event.player]?.name as string, op: call.op, args, value, failed }]
  })
  return { dir: root, outcomes: outcomes as Ending['outcomes'], log }
}

/** `nth`: how many schedules came to their end, with this one. */
export function badEnding(cause: unknown, { players, events, root, taken }: Schedule, nth: number): BadEnding {
  const names = players.map(({ name }) => name)
  const replay = taken.map(spellChoice).join(' ')
  return new BadEnding(cause, replay, columns(names, events, root), mermaid(names, events, root), nth)
}
