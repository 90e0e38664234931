import type { Command } from '../command.js'
import { firstWords, groups, optionsOf, secondWords } from './words.js'

/** Behind `--` stands a program, so what follows is completed as it would be alone. */
export function bash(commands: readonly Command[]): string {
  const ofGroups = groups(commands).map(one => `    ${one}) words='${secondWords(commands, one).join(' ')}' ;;`)
  const ofCommands = commands.map(one => `    '${one.name}') words='${longOf(one).join(' ')}' ;;`)
  return `_holdfast() {
  local current=\${COMP_WORDS[COMP_CWORD]} words= at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    [[ \${COMP_WORDS[at]} == -- ]] || continue
    declare -F _command_offset >/dev/null && _command_offset $((at + 1))
    return
  done
  if ((COMP_CWORD == 1)); then
    words='${firstWords(commands).join(' ')} --help --version'
  elif ((COMP_CWORD == 2)); then
    case \${COMP_WORDS[1]} in
${ofGroups.join('\n')}
    esac
  fi
  [[ -n $words ]] || [[ $current == -* ]] || return 0
  for at in "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" "\${COMP_WORDS[1]}"; do
    [[ -n $words ]] && break
    case $at in
${ofCommands.join('\n')}
    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _holdfast holdfast
`
}

const longOf = (command: Command): string[] =>
  optionsOf(command).map(([name, { value }]) => (value === undefined ? `--${name}` : `--${name}=`))
