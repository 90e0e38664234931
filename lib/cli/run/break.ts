import { lock } from '../../lock.js'
import type { Call } from '../command.js'
import { UsageError } from '../failure.js'

export async function runBreak({ operands: [path = ''], given, signal }: Call): Promise<number> {
  const fence = given.integer('fence', 0, Number.MAX_SAFE_INTEGER)
  if (fence === undefined) throw new UsageError('--fence is missing: holdfast holder PATH prints it')
  await lock.break(path, { signal, fence, lockPath: given.text('lock-path') })
  return 0
}
