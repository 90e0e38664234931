// Another build of holdfast takes part as one more package, `before`, so that a change is measured in one rotation with
// the build before it. The modules that define the works are loaded a second time, and there `holdfast` is that build.

import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BeforeHooks } from './before-hooks.js'
import { type Family, holdfast, type Sides, type Work } from './work.js'

export const before = 'before'

/** Adds the side `before` to each work: the same call, made by the package in `dir`. */
export async function besideBefore(families: readonly Family[], dir: string): Promise<readonly Family[]> {
  const data: BeforeHooks = { mark, entry: entryOf(dir) }
  register(new URL('before-hooks.js', import.meta.url), { data })
  const earlier = ((await import(`./families.js${mark}`)) as typeof import('./families.js')).families
  return families.map(({ name, works }, at) => ({
    name,
    works: works.map((work, nth) => beside(work, earlier[at]?.works[nth] as Work)),
  }))
}

const mark = '?before'

/** Returns the URL of the file that `import 'holdfast'` loads from the package in `dir`. */
function entryOf(dir: string): string {
  const home = pathToFileURL(`${resolve(dir)}/`)
  const { name, exports } = JSON.parse(readFileSync(new URL('package.json', home), 'utf8')) as {
    name?: string
    exports?: { '.'?: { default?: string } }
  }
  const entry = exports?.['.']?.default
  if (name !== holdfast || entry === undefined)
    throw new Error(`--before: '${dir}' does not hold a package of holdfast`)
  return new URL(entry, home).href
}

function beside(work: Work, earlier: Work): Work {
  const sides = (now: Sides, then: Sides): Sides => (then[holdfast] ? { ...now, [before]: then[holdfast] } : now)
  return { ...work, async: sides(work.async, earlier.async), sync: sides(work.sync, earlier.sync) }
}
