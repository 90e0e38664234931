// How rimraf's `filter` is asked.

import type { Stats } from 'node:fs'
import type { RemoveOptions } from '../remove.js'
import { nodeFs } from './node-fs.js'
import type { RimrafOptions } from './rimraf-arguments.js'

/** What one call has kept. */
export interface Kept {
  any: boolean
}

export type Filter = (path: string, ent: Stats) => unknown

type Ask = typeof askLater | typeof askNow

export function optionsOf({ signal, filter }: RimrafOptions, kept: Kept, ask: Ask): RemoveOptions {
  const options: { -readonly [N in keyof RemoveOptions]: RemoveOptions[N] } = {}
  if (signal) options.signal = signal
  if (filter) options.filter = path => ask(filter as Filter, path, kept)
  return options
}

/**
 * For a pass of its own, over what is in the directory `top` and is not a directory itself: rimraf's strategy for Windows
 * makes one first, and its second pass asks again about what has stayed.
 */
export function ofFiles({ signal, filter }: RimrafOptions, top: string, ask: Ask): RemoveOptions {
  const kept: Kept = { any: false }
  const goes = (path: string, kind: string) => kind !== 'directory' && path !== top && ask(filter as Filter, path, kept)
  return { signal, filter: goes }
}

export async function askLater(filter: Filter, path: string, kept: Kept): Promise<boolean> {
  const stats = await nodeFs.promises.lstat(path).catch(whenGone)
  return note(!stats || (await filter(path, stats)), kept)
}

export function askNow(filter: Filter, path: string, kept: Kept): boolean {
  const stats = nodeFs.lstatSync(path, { throwIfNoEntry: false })
  // A promise counts as true, as in rimraf.
  return note(!stats || filter(path, stats), kept)
}

function note(goes: unknown, kept: Kept): boolean {
  if (!goes) kept.any = true
  return Boolean(goes)
}

function whenGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
