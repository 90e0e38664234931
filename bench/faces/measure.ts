// The processor time of a face and of its function: blocks of calls, one after the other in one process, in an order that
// changes, so that what the machine does besides falls on both alike.

import { median, quantile } from '../run/median.js'
import { type Rotation, rotate } from '../speed/rotate.js'
import type { Pair, Side } from './pairs.js'

export interface Cost {
  readonly name: string
  readonly form: 'async' | 'sync'
  /** Microseconds of processor time of one call, in all threads: medians of the rounds. */
  readonly faceUs: number
  readonly oursUs: number
  /** The median of the rounds' ratios, and its quartiles. */
  readonly ratio: number
  readonly low: number
  readonly high: number
}

export interface Plan extends Rotation {
  /** Calls in a block. */
  readonly calls: number
}

type Who = keyof Side

export async function costsOf(name: string, pair: Pair, plan: Plan): Promise<Cost[]> {
  const costs = [await costOf(name, 'async', pair, pair.async, plan)]
  if (pair.sync) costs.push(await costOf(name, 'sync', pair, pair.sync, plan))
  return costs
}

async function costOf(name: string, form: Cost['form'], { lay }: Pair, side: Side, plan: Plan): Promise<Cost> {
  const taken = await rotate<Who, number>(['face', 'ours'], plan, async (who, room) => {
    const paths = Array.from({ length: plan.calls }, (_, nth) => `${room}/${nth}`)
    for (const path of paths) lay?.(path)
    const act = side[who]
    const before = process.cpuUsage()
    if (form === 'sync') for (const path of paths) act(path)
    else for (const path of paths) await act(path)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / plan.calls
  })
  const [face, ours] = [taken.get('face') ?? [], taken.get('ours') ?? []]
  const ratios = face.map((us, round) => us / (ours[round] as number))
  return {
    ...{ name, form, faceUs: median(face), oursUs: median(ours) },
    ...{ ratio: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) },
  }
}
