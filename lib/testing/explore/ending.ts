// What is there when a schedule has come to its end: what `check` is given, and what is thrown if it refuses that.

import { BadEnding } from './bad-ending.js'
import type { Schedule } from './schedule.js'
import { columns, mermaid } from './trace.js'
import type { Ending, Made } from './world.js'

export function endingOf({ root, players, events }: Schedule): Ending {
  const outcomes = Object.fromEntries(players.map(player => [player.name, player.outcome]))
  const log = events.flatMap((event): Made[] => {
    if (event.mark) return []
    const { call, value, failed } = event
    const args = call.args.map(arg => (typeof arg === 'string' ? arg.replace(root, '') : arg))
    return [{ player: players[event.player]?.name as string, op: call.op, args, value, failed }]
  })
  return { dir: root, outcomes: outcomes as Ending['outcomes'], log }
}

/** `nth`: which of the schedules it was. */
export function badEnding(cause: unknown, { players, events, root, replay }: Schedule, nth: number): BadEnding {
  const names = players.map(({ name }) => name)
  return new BadEnding(cause, replay, columns(names, events, root), mermaid(names, events, root), nth)
}
