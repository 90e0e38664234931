import type { Command } from '../command.js'
import { choicesOf, groups, optionsOf, quoted, secondWords } from './words.js'

/** Behind `--` stands a program, so what follows is completed as it would be alone. */
const program = `function __holdfast_program
  set -l words (commandline -opc)
  set -l at (contains -i -- -- $words)
  complete -C (string join ' ' (string escape -- $words[(math $at + 1)..-1]) (commandline -ct))
end
complete -c holdfast -n 'contains -- -- (commandline -opc)' -x -a '(__holdfast_program)'`

export function fish(commands: readonly Command[]): string {
  const single = commands.filter(({ name }) => !name.includes(' '))
  const lines = [
    program,
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
    const choices = choicesOf(value)
    const takes = choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : value === undefined ? '' : ' -r'
    return `complete -c holdfast -n ${quoted(isSeen.join('; and '))}${own} -l ${name}${takes} -d ${quoted(help)}`
  })
}
