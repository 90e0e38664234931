import { lock } from '../../lock.js'
import type { Call } from '../command.js'
import { status } from '../failure.js'
import { describeHolder } from '../say.js'

export async function runHolder({ operands: [path = ''], given, say, signal }: Call): Promise<number> {
  const holders = await lock.holders(path, { signal, lockPath: given.text('lock-path') })
  for (const holder of holders) say.result(holder, `${describeHolder(holder)}, fence ${holder.fence}`)
  if (holders.length > 0) return 0
  say.detail(`the lock is free: ${path}`)
  return status.no
}
