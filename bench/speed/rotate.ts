// Rotation: each round runs all sides, in an order that changes, so that other work of the machine falls on all alike.

import { mkdirSync } from 'node:fs'
import { remove } from 'holdfast'
import { stopped } from '../run/stop.js'

export interface Rotation {
  /** The directory in which the rooms are made. */
  readonly dir: string
  /** The number of rounds that count. */
  readonly rounds: number
  /** Rounds before those: code that ran only a few times is not compiled yet, and takes several times as long. */
  readonly warmUps: number
  readonly random: () => number
  /** Called after each measurement. */
  readonly tick: () => void
  /**
   * Is what a round has made left for the end, when all of `dir` is removed? For minutes ext4 gives the number of a removed file to no other
   * one, and to find the next that is free takes it a millisecond, which falls on one side or another.
   */
  readonly leaves?: boolean
}

/** Returns the same items in a random order (Fisher-Yates, in Durstenfeld's form). */
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
/** The names differ from run to run, because ext4 puts directories of one name in one place on the disk. */
const run = `${Date.now().toString(36)}-${process.pid}`

/**
 * Measures each side in a room of its own. All rooms of a round are in one hall, so that they are close together on the
 * disk, and nothing is removed before all are done. Returns the measurements of the rounds, by side.
 */
export async function rotate<S, T>(
  sides: readonly S[],
  { dir, rounds, warmUps, random, tick, leaves }: Rotation,
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
    if (!leaves) await remove(hall)
  }
  return taken
}
