import type { Command } from '../command.js'
import { groups, optionsOf, quoted, secondWords } from './words.js'

export function fish(commands: readonly Command[]): string {
  const single = commands.filter(({ name }) => !name.includes(' '))
  const lines = [
    ...single.map(({ name, summary }) => first(name, summary)),
    ...groups(commands).flatMap(group => {
      const words = secondWords(commands, group)
      const isOpen = `__fish_seen_subcommand_from ${group}; and not __fish_seen_subcommand_from ${words.join(' ')}`
      return [
        first(group, words.join(', ')),
        `complete -c holdfast -n ${quoted(isOpen)} -f -a ${quoted(words.join(' '))}`,
      ]
    }),
    ...commands.flatMap(options),
  ]
  return `${lines.join('\n')}\n`
}

const first = (name: string, summary: string): string =>
  `complete -c holdfast -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`

function options(command: Command): string[] {
  const isSeen = command.name.split(' ').map(word => `__fish_seen_subcommand_from ${word}`)
  return optionsOf(command).map(([name, { short, value, help }]) => {
    const own = short === undefined ? '' : ` -s ${short}`
    return `complete -c holdfast -n ${quoted(isSeen.join('; and '))}${own} -l ${name}${value === undefined ? '' : ' -r'} -d ${quoted(help)}`
  })
}
