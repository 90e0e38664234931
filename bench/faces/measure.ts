// The processor time of a face and of its function: blocks of calls, one after the other in one process, in an order that
// changes, so that what the machine does besides falls on both alike.

import { median, quantile } from '../run/median.js'
import { type Rotation, rotate } from '../speed/rotate.js'
import type { Act, Pair, Side } from './pairs.js'

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
  readonly besides: BesidesCost | undefined
}

/** Of a call that only the face needs: made before the function, because a call alone takes longer than one among others. */
export interface BesidesCost {
  readonly what: string
  /** By how many microseconds the function takes longer then. */
  readonly us: number
  /** The median of the rounds' ratios of the face to both. */
  readonly ratio: number
}

export interface Plan extends Rotation {
  /** Calls in a block. */
  readonly calls: number
}

type Who = keyof Side | 'both'

export async function costsOf(name: string, pair: Pair, plan: Plan): Promise<Cost[]> {
  const costs = [await costOf(name, 'async', pair, pair.async, plan)]
  if (pair.sync) costs.push(await costOf(name, 'sync', pair, pair.sync, plan))
  return costs
}

async function costOf(name: string, form: Cost['form'], { lay, besides }: Pair, side: Side, plan: Plan): Promise<Cost> {
  const acts: Partial<Record<Who, Act>> = besides ? { ...side, both: inTurn(form, besides[form], side.ours) } : side
  const taken = await rotate<Who, number>(Object.keys(acts) as Who[], plan, async (who, room) => {
    const paths = Array.from({ length: plan.calls }, (_, nth) => `${room}/${nth}`)
    for (const path of paths) lay?.(path)
    const act = acts[who] as Act
    const before = process.cpuUsage()
    if (form === 'sync') for (const path of paths) act(path)
    else for (const path of paths) await act(path)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / plan.calls
  })
  const [face = [], ours = [], both = []] = (['face', 'ours', 'both'] as const).map(who => taken.get(who))
  const ratios = ratiosOf(face, ours)
  return {
    ...{ name, form, faceUs: median(face), oursUs: median(ours) },
    ...{ ratio: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) },
    besides: besides && {
      what: besides.what,
      us: median(both.map((us, round) => us - (ours[round] as number))),
      ratio: median(ratiosOf(face, both)),
    },
  }
}

const ratiosOf = (one: readonly number[], other: readonly number[]): number[] =>
  one.map((us, round) => us / (other[round] as number))

function inTurn(form: Cost['form'], first: Act, second: Act): Act {
  if (form === 'async')
    return async path => {
      await first(path)
      await second(path)
    }
  return path => {
    first(path)
    second(path)
  }
}
