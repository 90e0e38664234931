import { sweep } from '../../sweep.js'
import type { Call } from '../command.js'

export async function runSweep({ operands: [dir = ''], given, say, signal }: Call): Promise<number> {
  const swept = await sweep(dir, {
    signal,
    recursive: given.flag('recursive'),
    dryRun: given.flag('dry-run'),
    grace: given.duration('grace'),
    locks: given.flag('locks'),
    onProgress: say.progress,
  })
  say.list(swept, given)
  return 0
}
