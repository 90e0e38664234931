import { updateFile } from '../../update-file.js'
import type { Call } from '../command.js'
import { collect, outputOf } from '../pipe.js'

export async function runUpdate(call: Call): Promise<number> {
  const { given, operands, program, say, signal } = call
  const change = (old: Buffer | undefined, { signal: stop }: { readonly signal: AbortSignal }) =>
    collect(outputOf(call, program, { input: old ?? '', stop }))
  await updateFile(operands[0] ?? '', change, {
    signal,
    encoding: 'buffer',
    timeout: given.duration('wait'),
    parents: given.flag('parents'),
    mode: given.mode(),
    durability: given.durability(),
    lockPath: given.text('lock-path'),
    onWait: say.waiting,
  })
  return 0
}
