// uvu without its traps: a file that forgets `.run()` runs into the next one, `assert.throws` ignores what the error
// should be, there is no `rejects`, and a test may hang for ever.

import { spawnSync } from 'node:child_process'
import { statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { fs, hasCode, type Steps } from 'holdfast/steps'
import {
  BadEnding,
  type Ending,
  type Exploration,
  type ExploreOptions,
  explore,
  type RaceOptions,
  type Result,
  race as raceOf,
  type World,
} from 'holdfast/testing'
import tmp from 'tmp-promise'
import { suite } from 'uvu'
import * as uvu from 'uvu/assert'
import { Crew } from '../../lib/testing/race/crew.js'
import { raceWith } from '../../lib/testing/race/rounds.js'
import { BadArguments, type Choice, choose, isChosen, type Layer } from '../runner/choice.js'
import { isScanned, isWindows, isWine } from '../windows/flavour.js'
import { lackOf, lacksOfScanned, lacksOfWindows, lacksOfWine } from '../windows/lacks.js'
import type { Place } from './mounts.js'
import { unlock } from './unlock.js'

const specs = dirname(dirname(fileURLToPath(import.meta.url)))
const own = relative(specs, process.argv[1] ?? '')
  .replace('.spec.js', '')
  .replaceAll('\\', '/')
const file = suite(own)
const choice = chosen()
let announced = false
let stuck = false

/** The processes that a test starts have the same size as the test. */
if (choice.full) process.env.HOLDFAST_FULL = '1'
const full = process.env.HOLDFAST_FULL === '1'

/** Returns `small` in `npm test`, and `whole` in `npm run prove`, which runs the tables that issues ask for. */
export const sized = <T>(small: T, whole: T): T => (full ? whole : small)

/** Where one of `stride` begins, so that each is tried in one run or another. */
export const startOf = (stride: number): number => Math.floor(Math.random() * stride)

function chosen(): Choice {
  try {
    return choose(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof BadArguments)) throw error
    console.error(error.message)
    process.exit(2)
  }
}

/**
 * Milliseconds after which a test is stuck. On two idle cores the longest take about one minute, so this is for
 * machines that do other things at the same time.
 */
const patience = Number(process.env.HOLDFAST_PATIENCE ?? 300_000)

interface TestOptions {
  /** Milliseconds. @default 300_000 */
  readonly timeout?: number
}

/** What became of a test, for the runner of all specs. */
export interface Report {
  readonly layer: Layer
  readonly name: string
  readonly how: 'passed' | 'failed' | 'skipped' | 'left out'
  readonly ms?: number
  /** Why it failed, in a line. */
  readonly why?: string | undefined
}

const report = (what: Report): void => void process.send?.(what)

export interface Test {
  /** States a property as its name, and tests it. The tests of a file run when all of them have been declared. */
  (name: string, body: () => unknown, options?: TestOptions): void
  /** Declares a test that cannot run here, with the reason. */
  skip(name: string, why: string): void
}

const lacks = [
  ...(isWindows ? [lacksOfWindows] : []),
  ...(isWine ? [lacksOfWine] : []),
  ...(isScanned ? [lacksOfScanned] : []),
]

function testOf(layer: Layer): Test {
  const isWanted = (name: string): boolean => {
    const wanted = isChosen(choice, layer, name)
    if (!wanted) report({ layer, name, how: 'left out' })
    return wanted
  }
  const test = (name: string, body: () => unknown, { timeout = patience }: TestOptions = {}): void => {
    const lack = lackOf(lacks, own, name)
    if (lack) skip(name, lack)
    if (lack || !isWanted(name)) return
    announce()
    file(name, async () => {
      const began = performance.now()
      const ended = (how: Report['how'], why?: string) =>
        report({ layer, name, how, ms: performance.now() - began, why })
      try {
        await within(sized(timeout, 24 * 3_600_000), body)
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(`threw ${inspect(thrown)}`)
        ended('failed', inLine(error))
        throw error
      }
      ended('passed')
    })
  }
  const skip = (name: string, why: string): void => {
    if (!isWanted(name)) return
    announce()
    file.skip()
    report({ layer, name, how: 'skipped' })
    console.log(`skipped: ${name} (${why})`)
  }
  return Object.assign(test, { skip })
}

/** What an error says, on one line; of an assertion also what it compared. */
function inLine(error: Error): string {
  const { actual, expects } = error as { actual?: unknown; expects?: unknown }
  const compared = 'expects' in error ? `: ${inspect(actual)} is there, ${inspect(expects)} was expected` : ''
  return `${error.message}${compared}`.replace(/\s+/g, ' ').slice(0, 500)
}

async function within(ms: number, body: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      stuck = true
      reject(new Error(`not done after ${ms} ms`))
    }, ms)
  })
  try {
    await Promise.race([body(), late])
  } finally {
    clearTimeout(timer)
  }
}

function announce(): void {
  if (announced) return
  announced = true
  // A test that timed out may keep the process alive for ever.
  file.after(() => void (stuck && setTimeout(() => process.exit(), 1_000)))
  queueMicrotask(() => file.run())
}

/** Runs when the last of the chosen tests has ended: what they share is given back. */
export const afterwards = (body: () => unknown): void => void file.after(async () => void (await body()))

/** A test of one process: results, errors, bad input. */
export const holds = testOf('holds')

/** A test that runs the explorer over a world. */
export const explored = testOf('explored')

/** A test in which real processes race. */
export const raced = testOf('raced')

interface Expected {
  readonly code?: string
  readonly name?: string
  readonly message?: RegExp
}

function matches(error: unknown, expected: Expected): void {
  const got = error as { code?: string; name?: string; message?: string }
  if (expected.code !== undefined) uvu.is(got?.code, expected.code, `code ${expected.code}, not ${inspect(error)}`)
  if (expected.name !== undefined) uvu.is(got?.name, expected.name)
  if (expected.message !== undefined) uvu.match(got?.message ?? '', expected.message)
}

type Assert = Omit<typeof uvu, 'throws'> & {
  /** Asserts that `body` throws this; returns the error. */
  throws(body: () => unknown, expected: Expected): Error
  /** Asserts that the promise rejects with this; returns the error. */
  rejects(promise: Promise<unknown>, expected: Expected): Promise<Error>
}

export const assert: Assert = {
  ...uvu,
  throws(body: () => unknown, expected: Expected): Error {
    let value: unknown
    try {
      value = body()
    } catch (error) {
      matches(error, expected)
      return error as Error
    }
    return uvu.unreachable(`expected ${inspect(expected)}, but it returned ${inspect(value)}`) as never
  },
  async rejects(promise: Promise<unknown>, expected: Expected): Promise<Error> {
    let value: unknown
    try {
      value = await promise
    } catch (error) {
      matches(error, expected)
      return error as Error
    }
    return uvu.unreachable(`expected ${inspect(expected)}, but it resolved to ${inspect(value)}`) as never
  },
}

/** A fresh directory, removed when the process ends. */
export function scratch(where = tmpdir()): string {
  tmp.setGracefulCleanup()
  const { name } = tmp.dirSync({ tmpdir: where, prefix: 'holdfast-spec', unsafeCleanup: true })
  scratches.push(name)
  return name
}

const scratches: string[] = []
// Before it is removed.
if (process.getuid?.() !== 0) process.prependListener('exit', () => scratches.forEach(unlock))

const kinds: Record<number, string> = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
}

/** The filesystem that a directory is on; on systems other than Linux, the platform. */
export const kindOf = (dir: string): string => kinds[statfsSync(dir).type] ?? process.platform

/** A directory in memory, where one is available. The runner of all specs provides one for each file. */
export const memory = process.env.HOLDFAST_SCRATCH ?? (process.platform === 'linux' ? '/dev/shm' : tmpdir())

/** The filesystems that are always available: that of temporary files, and memory. */
export const places: readonly Place[] = [tmpdir(), memory]
  .filter((dir, at, all) => at === 0 || statSync(dir).dev !== statSync(all[0] as string).dev)
  .map(dir => ({ kind: kindOf(dir), dir }))

/** Those, and the ones that the runner of all specs has mounted. */
export const everyPlace: readonly Place[] = [...places, ...mounted()]

/**
 * Where a race is run: where it always can be, and on one of the filesystems that are mounted. Each of those has its own
 * races; in full size, all are run on all.
 */
export const placesAnd = (mounted: 'xfs' | 'btrfs' | 'overlayfs'): readonly Place[] =>
  sized(
    everyPlace.filter(place => places.includes(place) || place.kind === mounted),
    everyPlace,
  )

function mounted(): Place[] {
  const given: Place[] = JSON.parse(process.env.HOLDFAST_PLACES ?? '[]')
  for (const { kind, dir } of given)
    if (kindOf(dir) !== kind) throw new Error(`${dir} is ${kindOf(dir)}, and not ${kind}`)
  return given
}

/**
 * Milliseconds on one clock for all processes of this machine. Not `performance.timeOrigin`: on a busy machine it differs
 * between processes by 10 ms, because Node reads two clocks for it, one after the other.
 */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6

/** Milliseconds for which this process has worked. Other than a clock, it does not go on where others have the machine. */
export const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Prints figures for the reader. */
export const note = (text: string): void => console.log(`\n   ${text}`)

/** Bytes that show by themselves whether they are whole, and whose they are. */
export function payload(owner: number, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${owner}`.padStart(15, '0').concat('\n'))
}

/** The owner of a payload; undefined if it is torn, cut short or mixed. */
export function ownerOf(data: Buffer, bytes: number): number | undefined {
  const owner = Number(data.subarray(0, 15).toString())
  return data.length === bytes && data.equals(payload(owner, bytes)) ? owner : undefined
}

/**
 * Asserts that no player threw, except for an injected fault that it cannot cure: an EIO, or an abort. A lie that only
 * says that something was done already (EEXIST, ENOENT) is no such fault.
 */
export function nobodyThrew({ outcomes }: Ending): void {
  for (const [name, outcome] of Object.entries(outcomes)) {
    if (outcome.how !== 'threw') continue
    const { code, message } = outcome.error as NodeJS.ErrnoException
    if (!outcome.injected || (code !== 'EIO' && code !== 'ABORT_ERR')) throw new Error(`${name} threw ${message}`)
  }
}

/** Asserts that no player threw that had no injected fault. */
export function nobodyElseThrew({ outcomes }: Ending): void {
  for (const [name, outcome] of Object.entries(outcomes))
    if (outcome.how === 'threw' && !outcome.injected)
      throw new Error(`${name} threw ${(outcome.error as Error).message}`)
}

/** What the players returned, of those that did. */
export function answers({ outcomes }: Ending): unknown[] {
  return Object.values(outcomes).flatMap(outcome => (outcome.how === 'returned' ? [outcome.value] : []))
}

/** Reads a file twice; returns what it saw, undefined where there was no file. */
export function* looks(file: string): Steps<(string | undefined)[]> {
  const saw: (string | undefined)[] = []
  for (let i = 0; i < 2; i++) {
    try {
      saw.push((yield* fs.readFile(file)).toString())
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      saw.push(undefined)
    }
  }
  return saw
}

const crews = new Map<string, Crew>()
afterwards(() => Promise.all([...crews.values()].map(one => one.end())))

/**
 * `race` of `holdfast/testing`, with the patience of a test; in `npm run prove` it may take an hour. The processes live
 * until the tests of the file have ended, and play in its next races, too: most of a short race was their start.
 */
export const race = (file: string, options: RaceOptions): Promise<Result[][]> => {
  const crew = crews.get(file) ?? new Crew(file)
  crews.set(file, crew)
  return raceWith(crew, inTime(options))
}

/** The same, where plays change their process: it takes part in no other race. */
export const raceApart = (file: string, options: RaceOptions): Promise<Result[][]> => raceOf(file, inTime(options))

const inTime = (options: RaceOptions): RaceOptions => ({ timeout: sized(patience, 3_600_000), ...options })

/** Races a broken variant until `wentWrong` returns true; throws if it never does. Returns how many rounds it took. */
export async function catchInRace(
  file: string,
  options: RaceOptions,
  wentWrong: (results: readonly Result[], round: number) => boolean,
): Promise<number> {
  const caught = new Error('caught')
  let rounds = 0
  const after = (results: readonly Result[], round: number) => {
    rounds++
    if (wentWrong(results, round)) throw caught
  }
  try {
    await race(file, { ...options, after })
  } catch (error) {
    if (error === caught) return rounds
    throw error
  }
  throw new Error(`not caught in ${rounds} rounds`)
}

/** Repeats `once` for so many seconds, and so many times at least; returns how often it ran, and how often it failed. */
export async function forAWhile(
  seconds: number,
  times: number,
  once: (turn: number) => boolean | Promise<boolean>,
): Promise<{ turns: number; bad: number }> {
  const until = performance.now() + seconds * 1000
  const seen = { turns: 0, bad: 0 }
  for (; performance.now() < until || seen.turns < times; seen.turns++) if (!(await once(seen.turns))) seen.bad++
  return seen
}

/**
 * Begins all of them when the first result is asked for: they usually wait. Returns a function from index to result.
 */
export function allAtOnce<T>(begins: readonly (() => Promise<T>)[]): (at: number) => Promise<T> {
  let begun: readonly Promise<T>[] | undefined
  return at => {
    begun ??= begins.map(begin => begin())
    // The test that asks for the result gets its error.
    for (const result of begun) result.catch(() => {})
    return begun[at] as Promise<T>
  }
}

/** The bounds of a world at full size: one preemption more, many more random schedules, and an hour. */
const atFullSize = ({ preemptions, random, ...options }: ExploreOptions): ExploreOptions => ({
  ...options,
  ...(preemptions !== undefined && { preemptions: preemptions + 1 }),
  ...(random && { random: { ...random, schedules: 20 * random.schedules } }),
  maxMs: 3_600_000,
  maxSchedules: 1_000_000_000,
})

/**
 * Explores, prints what was explored, and asserts that calls collided: that some failed, or, in a world where no call
 * fails when all is well, that `collided` returns true.
 */
export function prove(what: string, world: World, options: ExploreOptions = {}, collided?: () => boolean): Exploration {
  const found = explore(world, sized({ maxMs: patience, ...options }, atFullSize(options)))
  const { schedules, pruned, bound, ms, failed } = found
  const end = bound === undefined ? 'complete' : `bounded: ${bound}`
  note(`${what}: ${schedules} schedules and ${pruned} beginnings in ${Math.round(ms)} ms, ${end}`)
  assert.ok(collided ? collided() : failed.size > 0, 'no call ever failed: nobody got in anybody’s way')
  return found
}

/** The same for a world whose schedules take minutes: `npm run prove` runs all, `npm test` those with so many preemptions. */
export function proveLarge(what: string, world: World, preemptions: number, collided?: () => boolean): Exploration {
  const found = prove(what, world, sized<ExploreOptions>({ preemptions }, {}), collided)
  assert.ok(sized(true, found.complete), 'not all schedules were run')
  return found
}

/** Asserts that the world catches a broken variant, for this reason; prints the schedule. */
export function caught(what: string, why: RegExp, world: World, options?: ExploreOptions): BadEnding {
  let ending: unknown
  try {
    explore(world, options)
  } catch (error) {
    ending = error
  }
  if (!(ending instanceof BadEnding)) throw ending ?? new Error(`${what} was not caught`)
  note(`${what}: caught by schedule ${ending.schedule}\n${ending.message.replaceAll(/^/gm, '      ')}`)
  assert.match((ending.cause as Error).message, why)
  return ending
}

/** Can tests become an ordinary user, and can that user read this package? */
export const canBeAnother = (): boolean => process.getuid?.() === 0 && asUser('').code === 0

/** The ordinary user that tests become, and its group. */
export const userId = 54_321

/** Runs a script as an ordinary user; in it, `holdfast` is this package. */
export const asUser = (script: string): Said => runScript(script, [], { uid: userId, gid: userId })

interface Said {
  readonly said: string
  readonly code: number | null
}

/**
 * Runs a script in a process of its own; in it, `holdfast` is this package. `through` is a command that runs the rest of
 * its arguments.
 */
export function runScript(
  script: string,
  through: readonly string[] = [],
  { nodeArgs = [], ...user }: { uid?: number; gid?: number; nodeArgs?: readonly string[] } = {},
): Said {
  const text = `import * as holdfast from ${JSON.stringify(import.meta.resolve('holdfast'))}\n${script}`
  const command = [...through, process.execPath, ...nodeArgs, '--input-type=module', '-e', text]
  const options = { ...user, encoding: 'utf8', cwd: '/', timeout: 240_000 } as const
  const { stdout, stderr, status } = spawnSync(command[0] as string, command.slice(1), options)
  return { said: `${stdout}${stderr}`, code: status }
}
