// What a spec needs before it runs: packages of their own, which it imports by the way of the files that it imports.

import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Built, buildBench } from './bench-ready.js'
import { installEngines } from './engines-ready.js'

interface Package {
  /** The file through which a spec gets at it, and which looks for its name in the environment. */
  readonly door: string
  readonly variable: string
  readonly ready: () => Promise<Built>
}

const packages: readonly Package[] = [
  { door: 'bench.js', variable: 'HOLDFAST_BENCH', ready: buildBench },
  { door: 'engines.js', variable: 'HOLDFAST_ENGINES', ready: installEngines },
]

/** Every file of the build that this one imports, and what those import, and itself. */
export function imported(path: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(path)) return found
  found.add(path)
  for (const [, name] of readFileSync(path, 'utf8').matchAll(/^(?:import|export|\}).* from '(\.{1,2}\/[^']+\.js)'/gm))
    imported(join(dirname(path), name as string), found)
  return found
}

function packagesOf(path: string): readonly Package[] {
  const all = [...imported(path)].filter(one => basename(dirname(one)) === 'support').map(one => basename(one))
  return packages.filter(({ door }) => all.includes(door))
}

/** Begins to make ready what any of these specs needs: a compiler works for most of a minute, and others run meanwhile. */
export function beginNeeds(paths: readonly string[]): void {
  for (const { ready } of new Set(paths.flatMap(packagesOf))) ready()
}

/** Waits until what a spec needs is ready. Returns what it must find in its environment. */
export async function needsOf(path: string): Promise<NodeJS.ProcessEnv> {
  const all = packagesOf(path).map(async ({ variable, ready }) => [variable, JSON.stringify(await ready())])
  return Object.fromEntries(await Promise.all(all))
}
