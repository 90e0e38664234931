// The command line, `holdfast` (../bin/holdfast.js). What the commands are stands in ./cli/table.ts.

import { createRequire } from 'node:module'
import type { Call, Command } from './cli/command.js'
import { EndsWith, status, statusOf, statusOfSignal, UsageError } from './cli/failure.js'
import { helpOf, helpOfAll, unknownCommand } from './cli/help.js'
import { parse } from './cli/parse.js'
import { Say } from './cli/say.js'
import { Signals } from './cli/signals.js'
import { commands } from './cli/table.js'

/** Runs a command line. The process ends with its status, as soon as nothing is left to be done. */
export async function main(line: readonly string[]): Promise<void> {
  const plain = new Say({ name: 'holdfast', json: false, quiet: false, verbose: false })
  const [first = '--help'] = line
  if (first === '--version' || first === '-V') return plain.line(version())
  if (first === 'help' || first === '--help' || first === '-h') return help(line[1], plain)
  const found = find(line)
  if (found) return runCommand(found.command, found.rest)
  plain.error(unknownCommand(first, commands))
  process.exitCode = status.usage
}

/** A name of two words comes first: `store get`. */
function find(line: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const command = commands.find(({ name }) => name === line.slice(0, words).join(' '))
    if (command) return { command, rest: line.slice(words) }
  }
  return undefined
}

function help(name: string | undefined, say: Say): void {
  const command = commands.find(one => one.name === name)
  say.line(command ? helpOf(command) : helpOfAll(commands), '')
}

const version = (): string =>
  (createRequire(import.meta.url)('holdfast/package.json') as { readonly version: string }).version

async function runCommand(command: Command, rest: readonly string[]): Promise<void> {
  const name = `holdfast ${command.name}`
  let say = new Say({ name, json: false, quiet: false, verbose: false })
  let signals: Signals | undefined
  try {
    const parsed = parse(command, rest)
    const { given } = parsed
    if (given.flag('help')) return say.line(helpOf(command), '')
    say = new Say({ name, json: given.flag('json'), quiet: given.flag('quiet'), verbose: given.flag('verbose') })
    const run = await command.load()
    signals = new Signals()
    const call: Call = { ...parsed, commands, say, signals, signal: signals.signal }
    signals.end(await run(call))
    say.clear()
  } catch (error) {
    say.clear()
    if (signals?.received !== undefined && signals.signal.aborted) signals.end(statusOfSignal(signals.received))
    else fail(error, say, signals)
  }
}

function fail(error: unknown, say: Say, signals: Signals | undefined): void {
  const ended = statusOf(error)
  if (error instanceof UsageError) say.error(`${error.message}; --help says how it is used`)
  else if (!(error instanceof EndsWith)) say.error(error instanceof Error ? error.message : String(error))
  if (signals) signals.end(ended)
  else process.exitCode = ended
}
