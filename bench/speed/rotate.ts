// In rotation: each round all sides, in an order that changes, so that what else the machine does falls on all alike.

import { mkdirSync } from 'node:fs'
import { remove } from 'holdfast'
import { stopped } from '../run/stop.js'

export interface Rotation {
  /** Where the rooms are. */
  readonly dir: string
  /** How many count. */
  readonly rounds: number
  /** How many go before them: what was called a few times only is not compiled yet, and takes several times as long. */
  readonly warmUps: number
  readonly random: () => number
  /** Told after each measurement. */
  readonly tick: () => void
}

/** The same things, in an order that is drawn (Fisher and Yates, as Durstenfeld has it). */
export function shuffled<T>(all: readonly T[], random: () => number): T[] {
  const order = [...all]
  for (let left = order.length; left > 1; left--) {
    const drawn = Math.floor(random() * left)
    const last = order[left - 1] as T
    order[left - 1] = order[drawn] as T
    order[drawn] = last
  }
  return order
}

let halls = 0
/** In each run other names, because ext4 puts what has the same name in the same place. */
const run = `${Date.now().toString(36)}-${process.pid}`

/**
 * Each side in a room of its own, and all rooms of a round in one hall, so that they are close together on the disk, and
 * nothing is removed before all are done. Answers what each round had, by side.
 */
export async function rotate<S, T>(
  sides: readonly S[],
  { dir, rounds, warmUps, random, tick }: Rotation,
  measure: (side: S, room: string) => Promise<T>,
): Promise<Map<S, T[]>> {
  const taken = new Map(sides.map(side => [side, [] as T[]]))
  for (let round = 0; round < warmUps + rounds; round++) {
    const hall = `${dir}/${run}-${halls++}`
    mkdirSync(hall)
    for (const [nth, side] of shuffled(sides, random).entries()) {
      stopped.throwIfAborted()
      const room = `${hall}/${nth}`
      mkdirSync(room)
      const measured = await measure(side, room)
      if (round >= warmUps) taken.get(side)?.push(measured)
      tick()
    }
    await remove(hall)
  }
  return taken
}
