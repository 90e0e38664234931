import { isAbsolute } from 'node:path'
import { mapped } from '../../core/around.js'
import { openDual } from '../../core/dual.js'
import type { Steps } from '../../core/steps.js'
import { mkdirp } from '../../mkdirp.js'
import { isMode, textOf } from './paths.js'
import { replacing } from './replacing.js'

/** Makes a directory and the missing ones above it. Returns the first that it made, spelt as the caller does. */
function makeDirectories(dir: string, mode?: number | string): Steps<string | undefined> {
  const make = () => (mode === undefined ? mkdirp.steps(dir) : mkdirp.steps(dir, { mode }))
  if (isAbsolute(dir)) return make()
  // Asked for before: the working directory may be gone afterwards.
  const here = `${process.cwd()}/`
  return mapped(make, made => (made?.startsWith(here) ? made.slice(here.length) : made))
}

export const directories = openDual(makeDirectories)

/** `mkdir` with `recursive`: the rest is one call to the system, and Node's. */
export const mkdir = replacing<Parameters<typeof makeDirectories>, string | undefined>(
  'mkdir',
  directories,
  (path, options) => {
    const { recursive, mode } = (typeof options === 'object' && options ? options : {}) as Record<string, unknown>
    const text = textOf(path)
    return recursive === true && text !== undefined && isMode(mode) ? [text, mode] : undefined
  },
)
