// `npm run bench:speed`: the time of each function, beside every package that you would use instead, and beside the
// floor: medians of one run, in rotation. Ratios hold from machine to machine; microseconds do not. The works are in
// ./speed/: start reading at ./speed/mkdirp.ts, and at ./speed/work.ts for what a work is.

import { aboutOf, describe } from './run/about.js'
import { chance } from './run/chance.js'
import { sayIfFsSafeIsMissing } from './run/fs-safe.js'
import { keep } from './run/keep.js'
import { type Options, optionsOf, sayNothingNamed } from './run/options.js'
import { everyPlace, filesystemOf, inScratch } from './run/place.js'
import type { SpeedResults } from './run/results.js'
import { runToItsEnd } from './run/stop.js'
import { before, besideBefore } from './speed/before.js'
import { families } from './speed/families.js'
import { type NativeFloor, nativeFloor } from './speed/native.js'
import { type Effort, type Measured, runOn } from './speed/run.js'
import { beforeTable, legend, shortfallTable, targetTable } from './speed/tables.js'
import { shortfallsOf } from './speed/targets.js'

const full: Effort = {
  ...{ rounds: 16, warmUps: 6, contendedRounds: 7, growthRounds: 5 },
  callsAtATime: [1, 10, 100, 1000],
  entries: [10, 1000, 100_000],
  keys: [1, 10_000, 100_000],
}
const quick: Effort = {
  ...{ rounds: 1, warmUps: 1, contendedRounds: 1, growthRounds: 1 },
  callsAtATime: [1, 100],
  entries: [10, 1000],
  keys: [1, 1000],
}

async function measureAll(
  { quick: short, on, seed, only, before: earlier }: Options,
  native: NativeFloor | undefined,
): Promise<Measured> {
  const all = earlier === undefined ? families : await besideBefore(families, earlier)
  const measured: Measured = { cells: [], targets: [], contended: [], growth: [] }
  const random = chance(seed)
  for (const root of on) {
    const of = { filesystem: filesystemOf(root), native, effort: short ? quick : full, families: all, random, only }
    const one = await inScratch(root, dir => runOn({ ...of, dir }))
    measured.cells.push(...one.cells)
    measured.targets.push(...one.targets)
    measured.contended.push(...one.contended)
    measured.growth.push(...one.growth)
  }
  return measured
}

/** The names of the packages that take part. */
const packagesOf = ({ cells, contended, growth }: Measured): string[] =>
  [...cells, ...contended, ...growth].flatMap(({ side }) => side.split(/ \+ |, /))

function show({ about, cells, targets }: SpeedResults): void {
  const shortfalls = shortfallsOf(cells)
  if (targets.length > 0) console.log(targetTable(targets))
  if (cells.some(({ side }) => side === before)) console.log(beforeTable(cells))
  if (shortfalls.length > 0) console.log(shortfallTable(shortfalls))
  console.log([legend, ...describe(about)].join('\n'))
}

await runToItsEnd(async () => {
  const options = optionsOf('bench:speed', everyPlace)
  sayIfFsSafeIsMissing()
  const native = await nativeFloor()
  try {
    const measured = await measureAll(options, native)
    const packages = packagesOf(measured)
    if (packages.length === 0) return sayNothingNamed('measurement', options)
    const filesystems = options.on.map(filesystemOf)
    const command = `npm run bench:speed${options.quick ? ' -- --quick' : ''}`
    const results: SpeedResults = {
      about: aboutOf({ command, seed: options.seed, filesystems, packages }),
      ...measured,
    }
    show(results)
    await keep('speed', results, options.whole)
  } finally {
    await native?.close()
  }
})
