// `npm run bench:races`: how packages behave when processes really race. It prints one table for each contest, and
// keeps the results in bench/results/races.json. With --faces, holdfast's faces take the places of packages. It exits with 1 if a cell of holdfast is not zero, or a contest had no
// contention.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { SingleBar } from 'cli-progress'
import { changedDuringLoad } from './races/cache/during-load.js'
import { contentOfSeveral } from './races/content.js'
import { copyToOneTarget } from './races/copy.js'
import { killedInTheMiddle } from './races/crash.js'
import { createExclusiveWithContent } from './races/create-exclusive.js'
import { emptyDirBesideWriters } from './races/empty-dir.js'
import { writeFileByEqualPids } from './races/equal-pids.js'
import { idle, ours, unseen } from './races/faults.js'
import { oneLimit } from './races/limits/one-limit.js'
import { linkBySeveral } from './races/link.js'
import { mkdirpBesideRemovers } from './races/mkdirp.js'
import { moveWithoutOverwrite } from './races/move.js'
import { moveWithOverwrite } from './races/overwrite.js'
import { removeBesideWriters } from './races/remove.js'
import type { Contest } from './races/rules.js'
import { staleLocks } from './races/stale-locks.js'
import { lostUpdatesOfStores } from './races/stores/lost-updates.js'
import { stampede } from './races/stores/stampede.js'
import { tornValues } from './races/stores/torn-values.js'
import { changedUnderWay } from './races/stores/under-way.js'
import { symlinkBySeveral } from './races/symlink.js'
import { cellsOf, tableOf } from './races/table.js'
import { lostUpdates } from './races/update-file.js'
import { withinARoot } from './races/within.js'
import { writeFileWithReaders } from './races/write-file.js'
import { aboutOf, describe } from './run/about.js'
import { hasFaces, runWithFaces } from './run/faces.js'
import { sayIfFsSafeIsMissing } from './run/fs-safe.js'
import { keep } from './run/keep.js'
import { optionsOf, sayNothingNamed } from './run/options.js'
import { everyPlace, filesystemOf, inScratch } from './run/place.js'
import type { RaceCell } from './run/results.js'
import { runToItsEnd, stopped } from './run/stop.js'

const contests: readonly Contest[] = [
  mkdirpBesideRemovers,
  createExclusiveWithContent,
  writeFileWithReaders,
  writeFileByEqualPids,
  linkBySeveral,
  symlinkBySeveral,
  moveWithoutOverwrite,
  moveWithOverwrite,
  copyToOneTarget,
  removeBesideWriters,
  emptyDirBesideWriters,
  staleLocks,
  lostUpdates,
  withinARoot,
  killedInTheMiddle,
  lostUpdatesOfStores,
  stampede,
  changedUnderWay,
  tornValues,
  contentOfSeveral,
  changedDuringLoad,
  oneLimit,
]

const options = optionsOf('bench:races', everyPlace)
if (options.faces && !hasFaces()) process.exit(runWithFaces())
/** The short form runs a part of the rounds, on the first filesystem only. */
const part = options.quick ? 0.1 : 1
const places = options.quick ? options.on.slice(0, 1) : options.on

/** Everything that was counted, and everything that went wrong. */
const cells: RaceCell[] = []
const faults: string[] = []

/** Shows a line on the terminal that is cleared at the end; without a terminal, nothing. */
function progressOf(contest: Contest, filesystem: string) {
  if (!process.stderr.isTTY) return { onProgress: () => {}, end: () => {} }
  const bar = new SingleBar({ format: `${contest.name}, ${filesystem} {bar} {percentage} %`, clearOnComplete: true })
  bar.start(1, 0)
  const onProgress = (done: number, total: number) => {
    bar.setTotal(total)
    bar.update(done)
  }
  return { onProgress, end: () => bar.stop() }
}

async function holdOne(contest: Contest, dir: string, filesystem: string): Promise<RaceCell[]> {
  const { onProgress, end } = progressOf(contest, filesystem)
  mkdirSync(dir)
  const run = { dir, seed: options.seed, part, signal: stopped, onProgress }
  const fates = await contest.hold(run).finally(end)
  if (typeof fates === 'string') {
    console.log(`\n${contest.name}, ${filesystem}: ${fates}`)
    return []
  }
  const held = cellsOf(contest, fates, filesystem)
  console.log(`\n${filesystem}, seed ${options.seed}\n${tableOf(held)}`)
  faults.push(...ours(held, fates, contest), ...idle(held, fates))
  return held
}

async function holdAll(root: string, chosen: readonly Contest[]): Promise<void> {
  await inScratch(root, async scratch => {
    for (const [at, contest] of chosen.entries()) {
      cells.push(...(await holdOne(contest, join(scratch, String(at)), filesystemOf(root))))
    }
  })
}

await runToItsEnd(async () => {
  const chosen = contests.filter(({ name }) => name.includes(options.only))
  if (chosen.length === 0) return sayNothingNamed('contest', options)
  if (chosen.includes(withinARoot)) sayIfFsSafeIsMissing()
  for (const root of places) await holdAll(root, chosen)
  const unseenByAll = chosen.flatMap(contest => unseen(contest, cells))
  if (options.whole) faults.push(...unseenByAll)
  else for (const what of unseenByAll) console.log(`Note: ${what}`)
  const filesystems = places.map(filesystemOf)
  const packages = cells.map(cell => cell.package)
  const about = aboutOf({ command: 'npm run bench:races', seed: options.seed, filesystems, packages })
  console.log(`\n${describe(about).join('\n')}`)
  await keep('races', { about, cells }, options.whole)
  for (const fault of faults) console.error(`\nFault: ${fault}`)
  if (faults.length > 0) process.exitCode = 1
})
