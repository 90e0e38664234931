// The bench for its specs: it is a package with dependencies of its own, which is installed and built first.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { assert, holds } from './kit.js'

const top = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const built = (path: string): string => join(top, 'bench', 'dist', path)

interface Said {
  readonly status: number | null
  readonly said: string
}

function node(script: string, ...args: string[]): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', cwd: top })
  return { status, said: stdout + stderr }
}

/** The runner of all specs has built the bench before; a spec that is run by itself builds it here. */
const ready: Said = process.env.HOLDFAST_BENCH
  ? JSON.parse(process.env.HOLDFAST_BENCH)
  : node(join(top, 'scripts', 'ready.mjs'), 'bench')
const offline =
  /npm ci failed/.test(ready.said) && /\bE(NOTFOUND|AI_AGAIN|TIMEDOUT|CONN\w+|NETUNREACH)/.test(ready.said)

/** A test that needs the bench. It is skipped only where the dependencies of the bench cannot be installed. */
export function benchTest(name: string, body: () => unknown, test = holds): void {
  if (offline) test.skip(name, 'there is no network to install the dependencies of the bench from')
  else
    test(name, () => {
      assert.is(ready.status, 0, ready.said)
      return body()
    })
}

/** Runs a program of the bench by name, such as `charts`. */
export const entry = (name: string, ...args: string[]): Said => node(built(`${name}.js`), ...args)

/** Starts a program of the bench, as the leader of a process group. */
export const started = (name: string, ...args: string[]): ChildProcess =>
  spawn(process.execPath, [built(`${name}.js`), ...args], { cwd: top, stdio: 'ignore', detached: true })

/** Loads a module of the bench, such as `charts/races`; it has no types here, because it is compiled apart. */
export const load = (name: string) => import(pathToFileURL(built(`${name}.js`)).href)
