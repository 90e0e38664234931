// Another build of holdfast, unpacked in a directory.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Returns where `import 'holdfast'` leads in the package in `dir`; throws if no package of holdfast is there. */
export function buildIn(dir: string): string {
  const home = pathToFileURL(`${resolve(dir)}/`)
  let entry: string | undefined
  try {
    const { name, exports } = JSON.parse(readFileSync(new URL('package.json', home), 'utf8')) as {
      name?: string
      exports?: { '.'?: { import?: { default?: string }; default?: string } }
    }
    // A build for development has one form of each entry; what is published has one for `import`, and one for `require`.
    if (name === 'holdfast') entry = exports?.['.']?.import?.default ?? exports?.['.']?.default
  } catch {}
  if (entry === undefined) throw new Error(`--before: there is no package of holdfast in '${dir}'`)
  return new URL(entry, home).href
}
