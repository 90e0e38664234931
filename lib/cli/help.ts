import { type Command, commonOptions, type Option } from './command.js'
import { printable } from './say.js'

const statuses = `Status: that of the program; 1 held, there, or not kept; 64 wrong usage; 65 bad data; 66 no such file;
70 the lock was lost; 77 no permission; 71, 74 other failures; 124 the wait ran out; 126, 127 the program cannot be run.
A DUR is 500ms, 30s, 5m, 2h or 1d; a number alone is seconds.`

export function helpOfAll(commands: readonly Command[]): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(nameWidth)}${summary}`)
  return `Usage: holdfast COMMAND [OPTIONS] ...

Filesystem work that holds, while other processes do the same.

${lines.join('\n')}

holdfast COMMAND --help says more of each. holdfast --version prints the version.
${statuses}
`
}

const nameWidth = 18

export const usageOf = ({ name, operands, program, options }: Command): string => {
  const parts = [...Object.entries(options).map(([long, option]) => `[${spelt(long, option)}]`), operands]
  if (program === 'required') parts.push('-- CMD [ARG...]')
  if (program === 'optional') parts.push('[-- CMD [ARG...]]')
  return `holdfast ${name} ${parts.filter(part => part !== '').join(' ')}`
}

const spelt = (long: string, { short, value }: Option): string => {
  if (short === undefined) return value === undefined ? `--${long}` : `--${long}=${value}`
  return value === undefined ? `-${short}` : `-${short} ${value}`
}

export function helpOf(command: Command): string {
  const options = Object.entries<Option>({ ...command.options, ...commonOptions })
  const lines = options.map(([long, { short, value, help }]) => {
    const names = `${short === undefined ? '    ' : `-${short}, `}--${long}${value === undefined ? '' : `=${value}`}`
    return `  ${names.padEnd(30)} ${help}`
  })
  const notes = command.notes === undefined ? '' : `\n${command.notes}\n`
  return `Usage: ${usageOf(command)}\n\n${command.summary}\n${notes}\n${lines.join('\n')}\n\n${statuses}\n`
}

/** The command that was probably meant. */
export function unknownCommand(name: string, commands: readonly Command[]): string {
  const meant = commands.filter(one => one.name.startsWith(name.slice(0, 2))).map(one => one.name)
  const hint = meant.length > 0 ? ` (${meant.join(', ')}?)` : ''
  return `there is no command '${printable(name)}'${hint}; holdfast --help lists them`
}
