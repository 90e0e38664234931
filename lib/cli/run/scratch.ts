import { withTempDir } from '../../with-temp-dir.js'
import { runToEnd } from '../child.js'
import type { Call } from '../command.js'

export async function runScratch(call: Call): Promise<number> {
  const { given, program, signal } = call
  const options = { signal, dir: given.text('in'), prefix: given.text('prefix') }
  return withTempDir(dir => {
    const cwd = given.flag('cd') ? { cwd: dir } : {}
    return runToEnd(call, program, { env: { HOLDFAST_DIR: dir }, ...cwd })
  }, options)
}
