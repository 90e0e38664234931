// Runs every row on the runtime that runs this file, and prints what became of each as JSON. It is also the processes
// that the rows start. It uses no test runner, because that would have to run there, too.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createExclusive, lock } from 'holdfast'
import { contender } from 'holdfast/testing'
import type { Form, Row } from './row.js'
import { rows } from './rows.js'

const plays = {
  maker: (dir: string, round: number) => createExclusive(join(dir, `${round}`), 'x'),
  victim: (dir: string) => {
    lock.sync(join(dir, 'l'))
    process.kill(process.pid, 'SIGKILL')
  },
}

/** What became of a row: `yes`, or why not. */
export type Outcome = { readonly name: string } & { readonly [F in Form]?: string }

export interface Report {
  readonly runtime: string
  readonly outcomes: readonly Outcome[]
}

const mostMs = 60_000

async function tried({ run }: Row, form: Form): Promise<string> {
  // In memory, where that is possible; the other is then another device.
  const shared = process.platform === 'linux' ? '/dev/shm' : tmpdir()
  const dirs = [shared, tmpdir()].map(where => mkdtempSync(join(where, 'holdfast-compat-'))) as [string, string]
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${mostMs} ms`)), mostMs)
  })
  try {
    await Promise.race([Promise.resolve().then(() => run(form, ...dirs)), late])
    return 'yes'
  } catch (error) {
    const { code, message = String(error) } = error as NodeJS.ErrnoException
    return code && !message.startsWith(code) ? `${code}: ${message}` : message
  } finally {
    clearTimeout(timer)
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
  }
}

export async function report(): Promise<Report> {
  const { bun, deno, node } = process.versions as Record<string, string>
  const outcomes: Outcome[] = []
  for (const row of rows) {
    const outcome: Record<string, string> = { name: row.name }
    for (const form of row.forms) outcome[form] = await tried(row, form)
    outcomes.push(outcome as Outcome)
  }
  return { runtime: bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`, outcomes }
}

if (!contender(plays) && process.argv.includes('--report')) {
  // Without a top-level await, which CommonJS has not: bundlers make that of it, too.
  report().then(made => {
    console.log(`\n${JSON.stringify(made)}`)
    process.exit()
  })
}
