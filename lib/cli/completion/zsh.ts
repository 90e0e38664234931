import type { Command } from '../command.js'
import { choicesOf, groups, optionsOf, quoted, secondWords } from './words.js'

/** Behind `--` stands a program, so what follows is completed as it would be alone. */
export function zsh(commands: readonly Command[]): string {
  const inGroups = groups(commands)
  const single = commands.filter(({ name }) => !name.includes(' ')).map(one => entry(one.name, one.summary))
  const all = [...single, ...inGroups.map(one => entry(one, `${secondWords(commands, one).join(', ')}`))]
  const seconds = inGroups.map(one => `    ${one}) compadd ${secondWords(commands, one).join(' ')}; return ;;`)
  const cases = commands.map(
    one => `    ${quoted(one.name)}${one.name.includes(' ') ? '' : `|${one.name}\\ *`})
      _arguments -S \\
${specs(one).join(' \\\n')} ;;`,
  )
  return `#compdef holdfast
_holdfast() {
  local at=\${words[(i)--]}
  if ((at < CURRENT)); then
    shift $at words
    ((CURRENT -= at))
    _normal
    return
  fi
  if ((CURRENT == 2)); then
    local -a commands
    commands=(
${all.map(one => `      ${one}`).join('\n')}
    )
    _describe command commands
    return
  fi
  ((CURRENT == 3)) && case $words[2] in
${seconds.join('\n')}
  esac
  case "$words[2] $words[3]" in
${cases.join('\n')}
  esac
}
compdef _holdfast holdfast
`
}

const entry = (name: string, summary: string): string => quoted(`${name}:${summary}`)

/** In a description, brackets and colons are zsh's own. */
const described = (help: string): string => `[${help.replace(/[[\]:\\]/g, '\\$&')}]`

const valuesOf = (value: string): string => {
  const choices = choicesOf(value)
  return choices.length > 0 ? `(${choices.join(' ')})` : '_files'
}

const specs = (command: Command): string[] => [
  ...optionsOf(command).map(([name, { value, help }]) =>
    value === undefined
      ? `        ${quoted(`--${name}${described(help)}`)}`
      : `        ${quoted(`--${name}=${described(help)}:${value}:${valuesOf(value)}`)}`,
  ),
  `        '*:file:_files'`,
]
