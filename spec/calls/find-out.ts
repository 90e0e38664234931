// Tries the points of a broken variant until one shows what is wrong with it.

import { forms } from './act.js'
import type { BrokenAct } from './broken-acts.js'
import type { Lab } from './lab.js'
import { pointsOf, spellPoint } from './point.js'

/** @throws if nothing is found out */
export async function findOut(lab: Lab, act: BrokenAct): Promise<{ readonly points: number; readonly what: string }> {
  let points = 0
  for (const form of forms)
    for (const point of pointsOf(act, form, await lab.traceOf(act, form))) {
      points++
      const { wrong } = await lab.try(point)
      if (wrong && act.wrong.test(wrong)) return { points, what: `${spellPoint(point)}: ${wrong}` }
    }
  throw new Error(`${act.name} is broken, and in ${points} points that was not found out`)
}
