// Names that are left in a directory though no caller asked for them, and what the packages offer against them.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import cacache from 'cacache'
import { sweep } from 'holdfast'
import { isFace } from '../run/faces.js'
import { storeOf } from './write-file.js'

/** Every name below a directory, relative to it; directories end with a slash. */
export function* namesBelow(dir: string, above = ''): Generator<string> {
  for (const entry of readdirSync(join(dir, above), { withFileTypes: true })) {
    const name = `${above}${entry.name}`
    yield entry.isDirectory() ? `${name}/` : name
    if (entry.isDirectory()) yield* namesBelow(dir, `${name}/`)
  }
}

async function sweepBelow(dir: string): Promise<void> {
  await sweep(dir)
  const dirs = [...namesBelow(dir)].filter(name => name.endsWith('/'))
  for (const name of dirs) await sweep(join(dir, name))
}

const tidies: Readonly<Record<string, (dir: string) => Promise<unknown>>> = {
  holdfast: sweepBelow,
  // "Removes the tmp directory in the cache and all its contents."
  cacache: dir => cacache.verify(storeOf(join(dir, 'file'))),
}

/** The clean-up that a package documents: `sweep` for a face, too. */
export const tidyOf = (name: string) => (isFace(name) ? sweepBelow : tidies[name])
