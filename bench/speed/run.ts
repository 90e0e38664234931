// The measurements on one filesystem: first the works, family by family, then many processes at one thing, then growth.
// Each table is printed as soon as it is complete.

import { mkdirSync } from 'node:fs'
import type { ContendedCell, GrowthCell, SpeedCell, Target } from '../run/results.js'
import type { Contest } from './contended/contest.js'
import { contended, contests, processes, roundsOf } from './contended.js'
import { familiesWith } from './families.js'
import { amongOthers, concurrent, concurrently, crowded, type Growing, measurements } from './growth.js'
import { countOf, measure } from './measure.js'
import type { NativeFloor } from './native.js'
import { inProgress } from './progress.js'
import { spread } from './spread.js'
import { amongKeys, storeGrowth, storeMeasurements } from './stores/growth.js'
import { contendedTable, growthTable, speedTable } from './tables.js'
import { contendedTargetsOf, targetsOf } from './targets.js'
import type { Family } from './work.js'

export interface Effort {
  readonly rounds: number
  /** Rounds that do not count. */
  readonly warmUps: number
  readonly contendedRounds: number
  readonly growthRounds: number
  readonly callsAtATime: readonly number[]
  readonly entries: readonly number[]
  readonly keys: readonly number[]
}

export interface Run {
  readonly dir: string
  readonly filesystem: string
  readonly native: NativeFloor | undefined
  readonly effort: Effort
  readonly random: () => number
  readonly families: readonly Family[]
  /** Runs only works that have this text in their name. */
  readonly only: string
}

export interface Measured {
  readonly cells: SpeedCell[]
  readonly targets: Target[]
  readonly contended: ContendedCell[]
  readonly growth: GrowthCell[]
}

export async function runOn(run: Run): Promise<Measured> {
  spread(run.dir, run.filesystem)
  const measured: Measured = { cells: [], targets: [], contended: [], growth: [] }
  for (const family of familiesWith(run.families, run.only)) await addFamily(family, run, measured)
  for (const contest of contests) await addContended(contest, run, measured)
  await addGrowth('calls at a time', concurrent, concurrently, run.effort.callsAtATime, run, measured)
  await addGrowth('entries in the directory', crowded, amongOthers, run.effort.entries, run, measured)
  await addStoreGrowth(run, measured)
  return measured
}

async function addFamily({ name, works }: Family, run: Run, measured: Measured): Promise<void> {
  const { dir, filesystem, native, effort, random } = run
  const { rounds, warmUps } = effort
  const title = `${name}, ${filesystem}`
  const total = works.reduce((sum, work) => sum + countOf(work, native), 0) * (warmUps + rounds)
  const [cells, targets]: [SpeedCell[], Target[]] = [[], []]
  await inProgress(title, total, async tick => {
    for (const work of works) {
      const ofWork = await measure(work, filesystem, native, { dir, rounds, warmUps, random, tick })
      cells.push(...ofWork)
      targets.push(...targetsOf(work, filesystem, ofWork))
    }
  })
  console.log(speedTable(title, cells, targets))
  measured.cells.push(...cells)
  measured.targets.push(...targets)
}

async function addContended(contest: Contest, run: Run, measured: Measured): Promise<void> {
  const { dir, filesystem, effort, random, only } = run
  const title = `${contest.name}, contended: ${processes} processes x ${contest.turns}, ${filesystem}`
  if (!title.includes(only)) return
  const rounds = effort.contendedRounds
  const place = `${dir}/contended ${contest.name}`
  mkdirSync(place)
  const cells = await inProgress(title, roundsOf(contest, rounds), tick =>
    contended({ contest, dir: place, filesystem, rounds, random, tick }),
  )
  console.log(contendedTable(title, cells))
  measured.contended.push(...cells)
  if (contest.rival) measured.targets.push(...contendedTargetsOf(cells, contest.rival))
}

async function addGrowth(
  growing: GrowthCell['growing'],
  works: Growing['works'],
  grow: (growing: Growing) => Promise<GrowthCell[]>,
  sizes: readonly number[],
  { dir, filesystem, effort, random, only }: Run,
  measured: Measured,
): Promise<void> {
  const title = `growth: ${growing}, ${filesystem}`
  const wanted = works.filter(({ name }) => `${title} ${name}`.includes(only))
  if (wanted.length === 0) return
  const of = { works: wanted, sizes, rounds: effort.growthRounds, warmUps: 1 }
  const cells = await inProgress(title, measurements(of), tick => grow({ ...of, dir, filesystem, random, tick }))
  console.log(growthTable(title, cells))
  measured.growth.push(...cells)
}

async function addStoreGrowth({ dir, filesystem, effort, random, only }: Run, measured: Measured): Promise<void> {
  const title = `${storeGrowth}, ${filesystem}`
  const of = { sizes: effort.keys, rounds: effort.growthRounds, warmUps: 1 }
  if (!title.includes(only) || storeMeasurements(of) === 0) return
  const cells = await inProgress(title, storeMeasurements(of), tick =>
    amongKeys({ ...of, dir, filesystem, random, tick }),
  )
  console.log(growthTable(title, cells))
  measured.growth.push(...cells)
}
