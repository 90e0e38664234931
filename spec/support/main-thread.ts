// Which system calls the main thread of a program makes, as strace sees them: it is the witness that a call was made by
// a thread of the pool.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { scratch } from './kit.js'

export const hasStrace = (): boolean => process.platform === 'linux' && spawnSync('strace', ['-V']).status === 0

export interface Traced {
  /** The calls of the main thread that name one of the directories, by path or by descriptor. */
  readonly mine: readonly string[]
  /** Those of the other threads. */
  readonly others: readonly string[]
}

/** A call of this path divides what is traced: only what comes after the last such call is returned. */
export const marker = '/the witness begins here'

const preamble = `
  import * as holdfast from ${JSON.stringify(import.meta.resolve('holdfast'))}
  import { dual, fs } from ${JSON.stringify(import.meta.resolve('holdfast/steps'))}
  import * as nodeFs from 'node:fs'
  import { join } from 'node:path'
  const [dir, other] = process.argv.slice(1)
  const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
  const begin = () => nodeFs.existsSync(${JSON.stringify(marker)})
  const said = () => new Promise(heard => process.stdin.once('data', heard))
  const say = text => console.log(text)`

/**
 * Runs the script under strace. In it, \`dir\` and \`other\` are the directories, \`say\` and \`said\` talk to \`onLine\`.
 */
export async function traced(
  script: string,
  dirs: readonly string[],
  env: NodeJS.ProcessEnv = {},
  onLine: (line: string, reply: () => void) => void = () => {},
): Promise<Traced> {
  const out = join(scratch(), 'strace')
  const node = [process.execPath, '--input-type=module', '-e', `${preamble}\n${script}\nprocess.stdin.unref()`, ...dirs]
  const child = spawn('strace', ['-f', '-y', '-s', '300', '-e', 'trace=%file,%desc', '-o', out, ...node], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  createInterface(child.stdout).on('line', line => onLine(line, () => child.stdin.write('go\n')))
  const [code] = await once(child, 'close')
  const lines = readFileSync(out, 'utf8').split('\n')
  rmSync(out)
  if (code !== 0) throw new Error(`the traced program ended with ${code}`)
  const main = lines[0]?.split(' ')[0]
  // A call that another thread's interrupts is on two lines, and the second has no arguments.
  const after = lines.slice(lines.findLastIndex(line => line.includes(marker)) + 1)
  const about = after.filter(
    line =>
      !line.includes(' resumed>') &&
      dirs.some(dir => line.includes(`${dir}/`) || line.includes(`${dir}"`) || line.includes(`${dir}>`)),
  )
  const isMine = (line: string) => line.split(' ')[0] === main
  // The first is the start of the program, whose arguments name the directories.
  const mine = about.filter(line => isMine(line) && !line.includes('execve('))
  return { mine, others: about.filter(line => !isMine(line)) }
}
