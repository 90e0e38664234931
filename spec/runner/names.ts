// Spec files by name: `lock` is spec/lock.spec.ts, and `lock/race` is spec/lock/race.spec.ts.

import { readdirSync } from 'node:fs'

/** The names of all spec files below a directory of the build. */
export function specsBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.spec.js'))
    .map(path => path.replaceAll('\\', '/').replace(/\.spec\.js$/, ''))
    .sort()
}

/**
 * The specs that `wanted` means: the spec of exactly that name; else all in the folder, if it ends with a slash; else
 * those of that name in any folder; else those whose path contains it. It may also be a path in spec/ or dist/spec/,
 * because shells complete paths.
 */
export function matching(wanted: string, specs: readonly string[]): readonly string[] {
  const name = wanted.replace(/^(\.\/)?((dist\/)?spec\/)?/, '').replace(/\.spec(\.[jt]s)?$/, '')
  const tries = [
    (spec: string) => spec === name,
    (spec: string) => name.endsWith('/') && spec.startsWith(name),
    (spec: string) => spec.endsWith(`/${name}`),
    (spec: string) => spec.includes(name),
  ]
  for (const is of tries) {
    const found = specs.filter(is)
    if (found.length > 0) return found
  }
  return []
}
