// Runs the program that stands behind `--`.

import { type ChildProcess, spawn } from 'node:child_process'
import { basename, delimiter, join } from 'node:path'
import { exists } from '../exists.js'
import type { Call } from './command.js'
import { EndsWith, status, statusOfSignal } from './failure.js'

export interface Running {
  readonly child: ChildProcess
  /** Its status, when it has ended and closed what it writes to. */
  readonly ended: Promise<number>
}

/** 2: to stderr. */
type Stdio = 'inherit' | 'pipe' | 2

interface StartOptions {
  /** What the program finds in its environment besides. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdin?: Stdio
  readonly stdout?: Stdio
}

/** Starts it. Resolves when it runs; if it cannot, that is said, and the command ends with 126 or 127. */
export async function start(
  { say, signals }: Call,
  [file = '', ...args]: readonly string[],
  { env = {}, cwd, stdin = 'inherit', stdout = 'inherit' }: StartOptions = {},
): Promise<Running> {
  say.clear()
  const child = spawn(file, args, { stdio: [stdin, stdout, 'inherit'], env: { ...process.env, ...env }, cwd })
  signals.watch(child)
  const ended = new Promise<number>(resolve => {
    child.once('close', (code, name) => resolve(name === null ? (code ?? 0) : statusOfSignal(name)))
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', async error => {
      const isMissing = await isNotFound(file, error)
      say.error(`${file}: ${isMissing ? 'not found' : error.message}`)
      reject(new EndsWith(isMissing ? status.notFound : status.notExecutable))
    })
  })
  return { child, ended }
}

/** EACCES comes also where a program is missing, and a directory of PATH cannot be searched: see execvp(3). */
async function isNotFound(file: string, { code }: NodeJS.ErrnoException): Promise<boolean> {
  if (code !== 'EACCES' || basename(file) !== file) return code === 'ENOENT'
  for (const dir of (process.env.PATH ?? '').split(delimiter))
    if (await exists(join(dir, file)).catch(() => false)) return false
  return true
}

/** Starts it and waits for its end. */
export async function runToEnd(
  call: Call,
  program: readonly string[],
  { stop, ...options }: StartOptions & { readonly stop?: AbortSignal } = {},
): Promise<number> {
  const running = await start(call, program, options)
  if (stop) endWhen(stop, running, call)
  return running.ended
}

/** How long a program may take to end after SIGTERM, unless `--kill-after` says otherwise. */
const defaultKillAfterMs = 10_000

/** When the signal is aborted, the program gets SIGTERM, and when it has not ended after a while, SIGKILL. */
export function endWhen(stop: AbortSignal, { child, ended }: Running, { given }: Call): void {
  let killer: NodeJS.Timeout | undefined
  const end = () => {
    child.kill('SIGTERM')
    killer = setTimeout(() => child.kill('SIGKILL'), given.duration('kill-after') ?? defaultKillAfterMs)
  }
  if (stop.aborted) end()
  else stop.addEventListener('abort', end, { once: true })
  const forget = () => {
    clearTimeout(killer)
    stop.removeEventListener('abort', end)
  }
  ended.then(forget, forget)
}

/** Waits for its end. It is ended when what it must not go on without is lost meanwhile: then the status is 70. */
export async function endOrLoss(running: Running, lost: AbortSignal, call: Call): Promise<number> {
  const { ended } = running
  const sayWhy = () => call.say.error((lost.reason as Error).message)
  lost.addEventListener('abort', sayWhy, { once: true })
  if (lost.aborted) sayWhy()
  endWhen(lost, running, call)
  const itsOwn = await ended
  const isLost = lost.aborted
  lost.removeEventListener('abort', sayWhy)
  return isLost ? status.lockLost : itsOwn
}
