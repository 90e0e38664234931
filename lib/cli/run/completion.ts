import type { Call, Command } from '../command.js'
import { bash } from '../completion/bash.js'
import { fish } from '../completion/fish.js'
import { zsh } from '../completion/zsh.js'
import { UsageError } from '../failure.js'

const shells: Readonly<Record<string, (commands: readonly Command[]) => string>> = { bash, zsh, fish }

export async function runCompletion({ operands: [shell = ''], commands, say }: Call): Promise<number> {
  const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (!script) throw new UsageError(`'${shell}' is none of ${Object.keys(shells).join(', ')}`)
  say.raw(script(commands))
  return 0
}
