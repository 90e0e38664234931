// One spec file, in a process of its own that reports what became of each test.

import { type ChildProcess, spawn } from 'node:child_process'
import type { Report } from '../support/kit.js'

export interface Ended {
  readonly ms: number
  readonly reports: readonly Report[]
  /** It ended as a process should that has run its tests. */
  readonly well: boolean
}

const grouped = process.platform !== 'win32'
const running = new Set<ChildProcess>()

/** Runs the file; `hear` gets what it prints. */
export async function runSpec(
  path: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  hear: (text: Buffer, stream: 'stdout' | 'stderr') => void,
): Promise<Ended> {
  const began = performance.now()
  const child = spawn(process.execPath, [path, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: grouped,
  })
  running.add(child)
  const reports: Report[] = []
  child.on('message', report => reports.push(report as Report))
  for (const stream of ['stdout', 'stderr'] as const) child[stream]?.on('data', text => hear(text, stream))
  const code = await new Promise(resolve => child.once('close', resolve))
  running.delete(child)
  return { ms: performance.now() - began, reports, well: code === 0 }
}

/** Kills every spec that is running, and whatever it has started; calls `then` when the last one is gone. */
export function killAll(then: () => void): void {
  if (running.size === 0) then()
  for (const child of running) {
    // Not before all are gone: one that still runs would make again what is cleaned up.
    child.once('close', () => {
      running.delete(child)
      if (running.size === 0) then()
    })
    killWithItsOwn(child)
  }
}

function killWithItsOwn(child: ChildProcess): void {
  try {
    if (grouped && child.pid) process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {} // It is gone already.
}
