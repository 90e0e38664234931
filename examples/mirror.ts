// The main program: eight processes mirror one directory into one place while a ninth keeps removing parts of the
// mirror, first with plain node:fs calls and then with holdfast. Both sets of calls are in ./mirror/ways.ts: start
// reading there.

import { realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { dir } from 'tmp-promise'
import { type Plan, planOf } from './mirror/plan.js'
import { mirrorBy, mirrorers, type Result } from './mirror/side.js'

const help = `Usage: npm start [-- <directory>]

Mirrors <directory> (default: this project's node_modules) into a scratch directory. ${mirrorers} processes do so at once,
while one more keeps removing random parts of the mirror: once with plain fs calls, once with holdfast. The files of the
source are read and hard-linked; nothing in it is changed. The exit code is 0 if holdfast made no mistake, 1 if it made
one, and 2 if the directory cannot be used.`

// Ctrl-C and other signals end what is under way, and everything is cleaned up on the way out. The reason is the exit
// code.
const stop = new AbortController()
for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => stop.abort(code))
}
// The reader of our output has closed it: `| head`, for example.
process.stdout.on('error', () => stop.abort(141))

/** A mistake of the user, reported in one line. */
class Unusable extends Error {}

async function sourceOf(args: string[]): Promise<string> {
  const fallback = fileURLToPath(new URL('../../node_modules', import.meta.url))
  if (args.length > 1) throw new Unusable(`Give one directory, not ${args.length}`)
  const given = args[0] ?? fallback
  try {
    if ((await stat(given)).isDirectory()) return await realpath(given)
  } catch (error) {
    throw new Unusable(`Cannot mirror '${given}': ${(error as Error).message}`)
  }
  throw new Unusable(`Cannot mirror '${given}': it is not a directory`)
}

async function planned(source: string): Promise<Plan> {
  const plan = await planOf(source, stop.signal)
  if (!plan) throw new Unusable(`'${source}' has too many entries for a demonstration: give a smaller directory`)
  if (plan.entries.length === 0) throw new Unusable(`Cannot mirror '${source}': it cannot be read`)
  return plan
}

function announce({ source, entries, skipped }: Plan, place: string): void {
  const directories = entries.filter(({ kind }) => kind === 'directory').length
  const counts = `directories: ${number(directories)}, files and links: ${number(entries.length - directories)}`
  console.log(`Mirroring ${printable(source)} (${counts})`)
  console.log(`into ${place}, with ${mirrorers} processes at once, each in an order of its own,`)
  console.log('while one more keeps removing random directories there; then once more without it, and a check.')
  for (const [why, times] of skipped) console.log(`Left out: ${why} (${number(times)})`)
}

/** Names may contain anything, even control characters that a terminal would obey. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, encodeURIComponent)

const number = (value: number): string => value.toLocaleString('en-US')

function tally(counts: Record<string, number>): string {
  const all = Object.entries(counts).sort(([, a], [, b]) => b - a)
  const sum = all.reduce((before, [, times]) => before + times, 0)
  return [number(sum), ...all.map(([what, times]) => `${what} ${number(times)}`)].join('\n')
}

function tableOf(results: readonly Result[]): string {
  const head = ['', 'calls', 'rejected', 'torn, as read\nmeanwhile', 'torn or missing\nafter a last pass', 'seconds']
  // Without colours, so that the table looks the same in a file.
  const table = new Table({ head, style: { head: [], border: [] } })
  for (const { title, calls, rejected, torn, faults, seconds } of results) {
    const found: Record<string, number> = {}
    for (const { fault } of faults) found[fault] = (found[fault] ?? 0) + 1
    table.push([title, number(calls), tally(rejected), number(torn), tally(found), seconds.toFixed(1)])
  }
  return table.toString()
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const plan = await planned(await sourceOf(positionals))
  const scratch = await dir({ prefix: 'holdfast-mirror', unsafeCleanup: true })
  try {
    announce(plan, scratch.path)
    const plain = await mirrorBy('plain', 'plain fs', plan, join(scratch.path, 'plain'), stop.signal)
    const ours = await mirrorBy('holdfast', 'holdfast', plan, join(scratch.path, 'holdfast'), stop.signal)
    console.log(tableOf([plain, ours]))
    const [before, now] = [number(plain.removed), number(ours.removed)]
    console.log(
      'Rejected: failed only because other processes were at work. Torn: seen half written, or gone. Both should be zero.',
    )
    console.log(`Meanwhile the ninth process removed ${before} and ${now} directories.`)
    const troubles = [...ours.messages, ...ours.faults.map(({ fault, path }) => `${fault}: ${path}`)]
    for (const trouble of troubles.slice(0, 10)) console.error(`holdfast: ${printable(trouble)}`)
    return troubles.length > 0 || ours.torn > 0 ? 1 : 0
  } finally {
    await scratch.cleanup()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  const misused = error instanceof Unusable || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  if (stop.signal.aborted) process.exitCode = stop.signal.reason
  else if (misused) {
    console.error(printable((error as Error).message))
    process.exitCode = 2
  } else throw error
}
