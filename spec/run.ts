// Runs spec files, each in a process of its own, and closes with one line: `N passed, N failed`. First come the tests
// that need no other process, several files at a time; then those that race, one file after the other, so that they
// have the machine to themselves.

import { readFileSync } from 'node:fs'
import { availableParallelism, constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { budgetOf, isSolitary, runsBeside } from './runner/budgets.js'
import { BadArguments, type Choice, choose, type Layer } from './runner/choice.js'
import { matching, specsBelow } from './runner/names.js'
import { beginNeeds, needsOf } from './runner/needs.js'
import { makeRooms, type Room } from './runner/rooms.js'
import { killAll, runSpec } from './runner/spec-process.js'
import { seconds, Tally } from './runner/tally.js'

const usage = `Usage: npm test -- [NAME ...] [--only holds|explored|raced] [--test TEXT] [--full]

NAME    a spec file: 'lock' is spec/lock.spec.ts, 'lock/race' is spec/lock/race.spec.ts, 'lock/' is all of that folder;
        where no file has the name, every file whose path contains it
--only  the tests of one layer; may be given more than once
--test  the tests whose names contain the text; may be given more than once
--full  without the bounds that keep it short`

/** No file or no test has such a name; the message lists those that there are. */
class NothingMatches extends Error {}

// Another directory is for the specs of this runner.
const here = process.env.HOLDFAST_SPECS ?? dirname(fileURLToPath(import.meta.url))
const pathOf = (spec: string): string => join(here, `${spec}.spec.js`)

function chosenSpecs({ names }: Choice): readonly string[] {
  const specs = specsBelow(here)
  if (names.length === 0) return specs
  const found = names.map(name => {
    const some = matching(name, specs)
    if (some.length === 0) throw new NothingMatches(`There is no spec '${name}'. There are:\n${specs.join('\n')}`)
    return some
  })
  return [...new Set(found.flat())]
}

const tally = new Tally()

/**
 * Runs the tests of these layers in one file. Its output is printed as it comes, or in one piece while others run.
 */
async function run(spec: string, only: readonly Layer[], choice: Choice, room: Room, atOnce: boolean): Promise<void> {
  const env = { ...room.env, ...(await needsOf(pathOf(spec))) }
  const args = [...only.flatMap(layer => ['--only', layer]), ...choice.texts.flatMap(text => ['--test', text])]
  if (choice.full) args.push('--full')
  const later: (() => void)[] = []
  const ended = await runSpec(pathOf(spec), args, env, (text, stream) => {
    if (atOnce) process[stream].write(text)
    else later.push(() => process[stream].write(text))
  })
  for (const print of later) print()
  tally.add(spec, ended, room.clear())
  if (ended.reports.some(({ how }) => how !== 'left out')) console.log(`${seconds(ended.ms).padStart(9)}  ${spec}\n`)
}

/**
 * Runs the specs of each room's list, one at a time in each room; a list may be shared. `atOnce`: print what they print at
 * once, because no others run.
 */
async function runAll(
  lists: readonly (readonly [Room, ...(readonly string[])[]])[],
  layersOf: (spec: string) => readonly Layer[],
  choice: Choice,
  atOnce: boolean,
): Promise<void> {
  const begun = new Set<string>()
  const work = async ([room, ...ofRoom]: (typeof lists)[number]) => {
    for (const spec of ofRoom.flat()) {
      if (begun.has(spec)) continue
      begun.add(spec)
      await run(spec, layersOf(spec), choice, room, atOnce)
    }
  }
  await Promise.all(lists.map(work))
}

async function main(choice: Choice): Promise<void> {
  const specs = chosenSpecs(choice)
  const width = Math.max(1, Math.min(availableParallelism(), specs.length, 4))
  const needsMounts = specs.some(spec => /everyPlace|placesAnd/.test(readFileSync(pathOf(spec), 'utf8')))
  const { rooms, missing } = makeRooms(width + 1, needsMounts)
  beginNeeds(specs.map(pathOf))
  const [first, ...others] = rooms as [Room, ...Room[]]
  for (const { kind, why } of missing) console.log(`skipped: races on ${kind} (${why})`)

  const isRace = (layer: Layer, spec: string) => layer === 'raced' && !runsBeside(spec)
  const quiet = (spec: string) => choice.only.filter(layer => !isRace(layer, spec))
  // The long ones first, so that no core is idle in the end.
  const byLength = specs.filter(spec => quiet(spec).length > 0).sort((a, b) => budgetOf(b) - budgetOf(a))
  const together = byLength.filter(spec => !isSolitary(spec) && !runsBeside(spec))
  // Those that run beside others have a room of their own, because they would keep a core from them. When they have ended,
  // that room helps with the others, some of which wait.
  const atOnce = specs.length === 1
  const rest = others.map(room => [room, together] as const)
  await runAll([[first, byLength.filter(runsBeside), together], ...rest], quiet, choice, atOnce)
  await runAll([[first, byLength.filter(isSolitary)]], quiet, choice, true)
  if (choice.only.includes('raced')) {
    const racing = specs.filter(spec => !byLength.includes(spec) || tally.hasMore(spec, choice))
    await runAll([[first, racing]], () => ['raced'], choice, true)
  }
  if (tally.ran === 0) throw new NothingMatches(`No test matches. There are:\n${tally.names().join('\n')}`)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => killAll(() => process.exit(128 + constants.signals[signal])))

try {
  const choice = choose(process.argv.slice(2))
  if (choice.help) console.log(usage)
  else {
    await main(choice)
    if (!choice.full) for (const line of tally.over(budgetOf)) console.log(`over its budget: ${line}`)
    for (const one of tally.bad) console.log(`failed: ${one}`)
    console.log(`${tally}`)
    process.exitCode = tally.failed > 0 ? 1 : 0
  }
} catch (error) {
  if (error instanceof BadArguments) console.error(`${error.message}\n\n${usage}`)
  else if (error instanceof NothingMatches) console.error(error.message)
  else throw error
  process.exitCode = error instanceof NothingMatches ? 1 : 2
}
