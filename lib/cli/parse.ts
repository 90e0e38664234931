// Takes a command line apart, and refuses one that is wrong before anything is done.

import { parseArgs } from 'node:util'
import { type Command, commonOptions, type Option } from './command.js'
import { UsageError } from './failure.js'
import { Given } from './given.js'

export interface Parsed {
  readonly given: Given
  readonly operands: readonly string[]
  readonly program: readonly string[]
}

export function parse(command: Command, line: readonly string[]): Parsed {
  // Behind `--` stands the program, or, of a command that runs none, operands that may begin with a dash.
  const end = command.program === undefined ? -1 : line.indexOf('--')
  const own = end < 0 ? line : line.slice(0, end)
  const program = end < 0 ? [] : line.slice(end + 1)
  const { values, positionals: operands } = parseOptions(command, own)
  const given = new Given(values)
  if (given.flag('help')) return { given, operands, program }
  checkValues(command, given)
  checkCount(command, operands)
  if (end >= 0 && program.length === 0) throw new UsageError('nothing stands behind --')
  if (command.program === 'required' && program.length === 0)
    throw new UsageError(`the program to run is missing: write it behind --`)
  return { given, operands, program }
}

function parseOptions(command: Command, own: readonly string[]) {
  const options = Object.entries<Option>({ ...command.options, ...commonOptions }).map(([name, { short, value }]) => {
    const type: 'string' | 'boolean' = value === undefined ? 'boolean' : 'string'
    return [name, short === undefined ? { type } : { type, short }] as const
  })
  try {
    return parseArgs({ args: [...own], options: Object.fromEntries(options), allowPositionals: true }) as {
      values: Record<string, string | boolean | undefined>
      positionals: string[]
    }
  } catch (error) {
    if (!`${(error as NodeJS.ErrnoException).code}`.startsWith('ERR_PARSE_ARGS')) throw error
    // What Node says besides is about ways that this command line does not have.
    throw new UsageError((error as Error).message.replace(/\. To specify a positional.*$/s, ''))
  }
}

/** What an option's value is called says what it must be. */
function checkValues({ options }: Command, given: Given): void {
  for (const [name, { value }] of Object.entries<Option>(options)) {
    if (value === 'DUR') given.duration(name)
    if (value === 'SIZE') given.size(name)
    if (value === 'JSON') given.json(name)
    if (name === 'mode') given.mode()
    if (name === 'durability') given.durability()
  }
}

function checkCount({ operands: shown, program }: Command, { length }: readonly string[]): void {
  const names = shown.split(' ').filter(name => name !== '')
  const least = names.filter(name => !name.startsWith('[')).length
  const most = shown.endsWith('...') ? Number.POSITIVE_INFINITY : names.length
  if (length < least) throw new UsageError(`an operand is missing: ${shown}`)
  const hint = program ? ' (the program to run stands behind --)' : ''
  if (length > most) throw new UsageError(`too many operands: ${shown === '' ? 'it takes none' : shown}${hint}`)
}
