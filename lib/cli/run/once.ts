import { getOrCreate, type Production } from '../../get-or-create.js'
import { runToEnd } from '../child.js'
import type { Call } from '../command.js'
import { EndsWith } from '../failure.js'
import { outputOf } from '../pipe.js'

export async function runOnce(call: Call): Promise<number> {
  const { given, operands, say } = call
  const [path = ''] = operands
  const got = given.flag('directory')
    ? await getOrCreate<'directory'>(path, makeDirectory(call), { ...optionsOf(call), kind: 'directory' })
    : await getOrCreate<'file'>(path, makeFile(call), { ...optionsOf(call), kind: 'file' })
  say.result(got)
  say.detail(`${got.made ? 'made' : 'there already'}: ${got.path}`)
  return 0
}

const envOf = (stage: string, fence: number) => ({ HOLDFAST_STAGE: stage, HOLDFAST_FENCE: `${fence}` })

const makeFile =
  (call: Call) =>
  (stage: string, { fence, signal: stop }: Production) =>
    outputOf(call, call.program, { env: envOf(stage, fence), stop })

/** Its output is not the result, and must not be taken for one. */
const makeDirectory =
  (call: Call) =>
  async (stage: string, { fence, signal: stop }: Production) => {
    const ended = await runToEnd(call, call.program, { env: envOf(stage, fence), stdout: 2, stop })
    if (ended !== 0) throw new EndsWith(ended)
  }

/** Any end but 0 says that what is there is not good; but a program that was stopped by a signal has not judged it. */
const validateBy = (call: Call, script: string) => async (path: string) => {
  const shell =
    process.platform === 'win32' ? ['cmd', '/d', '/s', '/c', script] : ['/bin/sh', '-c', `${script} "$1"`, 'sh', path]
  const ended = await runToEnd(call, shell, { env: { HOLDFAST_PATH: path }, stdout: 2 })
  if (ended !== 0 && call.signals.received !== undefined) throw new EndsWith(ended)
  return ended === 0
}

function optionsOf(call: Call) {
  const { given, say, signal } = call
  const script = given.text('validate')
  return {
    signal,
    timeout: given.duration('wait'),
    refresh: given.flag('refresh'),
    maxAge: given.duration('max-age'),
    validate: script === undefined ? undefined : validateBy(call, script),
    wait: !given.flag('no-wait'),
    parents: given.flag('parents'),
    durability: given.durability(),
    lockPath: given.text('lock-path'),
    onWait: say.waiting,
    onProgress: say.progress,
  } as const
}
