// The targets that holdfast must meet, and what this run measured of them.

import type { ContendedCell, Form, SpeedCell, Target } from '../run/results.js'
import { type AtMost, floors, holdfast, isFloor, type Work } from './work.js'

const inMemory = (filesystem: string): boolean => ['tmpfs', 'ramfs'].includes(filesystem)

/** Returns undefined if there is no target on this kind of filesystem. */
const askedOn = (filesystem: string, asked: AtMost): number | undefined =>
  typeof asked === 'number' ? asked : inMemory(filesystem) ? asked.memory : asked.disk

/** Returns the targets of one work on one filesystem, from its cells. */
export function targetsOf({ name, asked = {}, askedUs = {} }: Work, filesystem: string, cells: readonly SpeedCell[]) {
  const targets: Target[] = []
  const ask = (form: Form, against: string, theirs: number | undefined, atMost: AtMost) => {
    const ours = cells.find(cell => cell.form === form && cell.side === holdfast)
    const most = askedOn(filesystem, atMost)
    if (!ours || theirs === undefined || most === undefined) return
    targets.push({ filesystem, work: name, form, against, ratio: ours.median / theirs, asked: most })
  }
  for (const form of ['async', 'sync'] as const) {
    for (const [side, atMost] of Object.entries(asked[form] ?? {}))
      ask(form, side, cells.find(cell => cell.form === form && cell.side === side)?.median, atMost)
    const us = askedOn(filesystem, askedUs[form] ?? {})
    if (us !== undefined) ask(form, `${us} us`, us, 1)
  }
  return targets
}

/** holdfast must make at least this many times the rival's turns per second. */
const leastTimes = { disk: 2.5, memory: 4 }

/** Returns the targets of many processes at one lock, against the rival in its fastest configuration. */
export function contendedTargetsOf(cells: readonly ContendedCell[], rival: string): Target[] {
  const rivals = cells.filter(({ side }) => side.startsWith(rival))
  const best = rivals.reduce((best, one) => (one.perSecond > best.perSecond ? one : best))
  return cells
    .filter(({ side }) => side.startsWith(holdfast))
    .flatMap(({ filesystem, side, perSecond, longestWait }) => {
      const form: Form = side.endsWith('.sync') ? 'sync' : 'async'
      const of = { filesystem, form, against: best.side }
      const times = inMemory(filesystem) ? leastTimes.memory : leastTimes.disk
      return [
        { ...of, work: `${side}, time for all turns`, ratio: best.perSecond / perSecond, asked: 1 / times },
        { ...of, work: `${side}, longest wait`, ratio: longestWait / best.longestWait, asked: 1 },
      ]
    })
}

/** A case in which holdfast takes longer than a package, or more than `mostTimesFloor` times its floor. */
export interface Shortfall {
  readonly filesystem: string
  readonly work: string
  readonly form: Form
  readonly against: string
  readonly ratio: number
  readonly weaker: boolean
}

const mostTimesFloor = 1.3

export function shortfallsOf(cells: readonly SpeedCell[]): Shortfall[] {
  return cells
    .filter(({ side }) => side === holdfast)
    .flatMap(ours =>
      cells
        .filter(
          ({ filesystem, work, form }) => filesystem === ours.filesystem && work === ours.work && form === ours.form,
        )
        .map(theirs => ({ ...theirs, ratio: ours.median / theirs.median }))
        .filter(({ side, ratio }) => ratio > (isFloor(side) ? mostTimesFloor : 1) && side !== floorInC)
        .map(({ filesystem, work, form, side: against, ratio, weaker = false }) => ({
          ...{ filesystem, work, form, against, ratio, weaker },
        })),
    )
}

/** The time of a program without JavaScript shows how far it is to the system itself. It is no target. */
const floorInC = floors.native
