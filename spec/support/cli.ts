// The command line as its users run it: a process, with a shell's view of it.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isWindows } from '../windows/flavour.js'
import { assert } from './kit.js'

export const bin = fileURLToPath(new URL('../../../bin/holdfast.js', import.meta.url))

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly input?: string | Buffer
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** Starts it, and leaves its stdin open if there is no input. */
export function startCli(args: readonly string[], { input, cwd, env, uid }: RunOptions = {}): Running {
  const user = uid === undefined ? {} : { uid, gid: uid }
  const child = spawn(process.execPath, [bin, ...args], { cwd, env: { ...process.env, ...env }, ...user })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', text => (said.out += text))
  child.stderr.setEncoding('utf8').on('data', text => (said.err += text))
  // It may end without reading.
  child.stdin.on('error', () => {})
  if (input !== undefined) child.stdin.end(input)
  const ended = new Promise<Ended>(resolve => {
    child.once('close', (status, signal) => resolve({ status, signal, ...said }))
  })
  return { child, ended }
}

export const cli = (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
  startCli(args, { input: '', ...options }).ended

/** Runs it, and asserts its status. */
export async function ends(status: number, args: readonly string[], options?: RunOptions): Promise<Ended> {
  const ended = await cli(args, options)
  assert.is(
    ended.status,
    status,
    `holdfast ${args.join(' ')}: ${ended.status} ${ended.signal}\n${ended.out}${ended.err}`,
  )
  return ended
}

/** A program that runs a script of Node. */
export const node = (script: string): string[] => ['--', process.execPath, '-e', script]

/** A program that makes a file, and then waits until it is ended; on SIGTERM it ends with 5, after `last` was run. */
export const untilTerm = (file: string, last = ''): string[] =>
  node(`process.on('SIGTERM', () => { ${last}; process.exit(5) })
    setInterval(() => {}, 1000)
    require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid))`)

export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(10)
}

export const untilThere = (path: string): Promise<void> => until(() => existsSync(path))

/** Private names of the package, anywhere below. */
export const privateNames = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.holdfast'))

/** A name with everything in it that shells and terminals trip over, as far as a file can have it. */
export const oddName = (dir: string, more = ''): string => join(dir, `-a 'b${isWindows ? '' : '" $c\n\t'}é${more}`)
