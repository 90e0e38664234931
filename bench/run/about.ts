// What was measured, on which machine, and when. It is part of each result, and printed below each table and picture.

import { readFileSync } from 'node:fs'
import { cpus, release, type } from 'node:os'

export interface About {
  /** The day, as in 2026-11-21. */
  readonly date: string
  readonly command: string
  readonly seed: number
  readonly node: string
  readonly kernel: string
  readonly cpus: number
  /** The system's names for them, in the order of the run. */
  readonly filesystems: readonly string[]
  /** The packages that took part, with their versions. */
  readonly packages: Readonly<Record<string, string>>
}

const versionOf = (name: string): string =>
  (
    JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8')) as {
      version: string
    }
  ).version

/** Records the versions of the names that are packages: Node's own calls and code written by hand have none. */
export function aboutOf(run: {
  command: string
  seed: number
  filesystems: readonly string[]
  packages: Iterable<string>
}): About {
  const versions: Record<string, string> = {}
  for (const name of [...new Set(run.packages)].sort()) {
    try {
      versions[name] = versionOf(name)
    } catch {}
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    command: run.command,
    seed: run.seed,
    node: process.version,
    kernel: `${type()} ${release()}`,
    cpus: cpus().length,
    filesystems: run.filesystems,
    packages: versions,
  }
}

/** Describes a run in two lines. */
export function describe({ date, seed, node, kernel, cpus, filesystems, packages }: About): string[] {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  return [
    `${date}, Node ${node.slice(1)}, ${kernel}, ${cpus} CPUs, ${filesystems.join(' and ')}, seed ${seed}`,
    versions.join(', '),
  ]
}
