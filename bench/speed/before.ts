// Another build of holdfast takes part as one more package, `before`, so that a change is measured in one rotation with
// the build before it. The modules that define the works are loaded a second time, and there `holdfast` is that build.

import { register } from 'node:module'
import type { BeforeHooks } from './before-hooks.js'
import { type Family, holdfast, type Sides, type Work } from './work.js'

export const before = 'before'

/** Adds the side `before` to each work: the same call, made by the build whose entry is this URL. */
export async function besideBefore(families: readonly Family[], entry: string): Promise<readonly Family[]> {
  const data: BeforeHooks = { mark, entry }
  register(new URL('before-hooks.js', import.meta.url), { data })
  const earlier = ((await import(`./families.js${mark}`)) as typeof import('./families.js')).families
  return families.map(({ name, works }, at) => ({
    name,
    works: works.map((work, nth) => beside(work, earlier[at]?.works[nth] as Work)),
  }))
}

const mark = '?before'

function beside(work: Work, earlier: Work): Work {
  const sides = (now: Sides, then: Sides): Sides => (then[holdfast] ? { ...now, [before]: then[holdfast] } : now)
  return { ...work, async: sides(work.async, earlier.async), sync: sides(work.sync, earlier.sync) }
}
