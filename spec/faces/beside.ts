// Runs a case on a package and on the face of it: each in an empty directory, and both must return, throw and leave the same.

import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, holds, scratch } from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'

export interface Case<F> {
  readonly name: string
  readonly lay?: (dir: string) => unknown
  readonly run: (face: F, dir: string) => unknown
  /** The errno of the face on Windows, where the package comes to something else, which depends on the system. */
  readonly onWindows?: string
}

/** Lays a file with a mode that no new file gets. */
export function old(dir: string): void {
  writeFileSync(join(dir, 'f'), 'old')
  chmodSync(join(dir, 'f'), 0o640)
}

interface Outcome {
  readonly outcome: {
    readonly returned?: string
    readonly name?: string
    readonly code?: string | undefined
    readonly message?: string | undefined
  }
  readonly left: readonly string[]
}

/** What came of it. Messages of the system's errors are the system's, so they do not count. */
async function outcomeOf<F>({ lay, run }: Case<F>, face: F, dir: string): Promise<Outcome> {
  mkdirSync(dir)
  lay?.(dir)
  // Node shows a path in quotes, in which each backslash is two.
  const shown = (text: string) => text.replaceAll(JSON.stringify(dir).slice(1, -1), '<dir>').replaceAll(dir, '<dir>')
  let outcome: Outcome['outcome']
  try {
    outcome = { returned: shown(JSON.stringify((await run(face, dir)) ?? null)) }
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException
    outcome = { name, code, message: message.startsWith(`${code}:`) ? undefined : shown(message) }
  }
  return { outcome, left: leftIn(dir) }
}

function leftIn(dir: string): string[] {
  return (readdirSync(dir, { recursive: true }) as string[]).sort().map(name => {
    const path = join(dir, name)
    const stats = lstatSync(path)
    const mode = (stats.mode & 0o7777).toString(8)
    if (stats.isSymbolicLink()) return `${name} -> ${readlinkSync(path).replace(dir, '<dir>')}`
    return stats.isFile() ? `${name} ${mode} ${readFileSync(path, 'latin1')}` : `${name}/ ${mode}`
  })
}

/** `peer` is what users import today. */
export function sameAsPeer<F>(peer: unknown, face: F, cases: readonly Case<F>[]): void {
  for (const one of cases)
    holds(`as the package itself: ${one.name}`, async () => {
      const dir = scratch()
      const [theirs, ours] = [join(dir, 'theirs'), join(dir, 'ours')]
      const [own, its] = [await outcomeOf(one, face, ours), await outcomeOf(one, peer as F, theirs)]
      if (!isWindows || one.onWindows === undefined) assert.equal(own, its)
      else {
        assert.is(own.outcome.code, one.onWindows)
        if (its.outcome.code !== undefined) assert.equal(own.left, its.left)
      }
    })
}

/** Calls with a callback, and returns what that got and what the call returned. */
export const called = (call: (callback: (...args: unknown[]) => void) => unknown): Promise<unknown[]> =>
  new Promise(resolve => {
    const returned = call((error, ...rest) =>
      setImmediate(() => resolve([codeOf(error), rest, returned === undefined])),
    )
  })

const codeOf = (error: unknown): unknown =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : (error ?? 'none')
