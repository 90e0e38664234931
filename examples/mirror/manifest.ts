// The one file that every process replaces all the time. It contains its own checksum, so a reader can tell a whole one
// from a torn one.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

export const manifestName = 'manifest.json'

const sum = (paths: unknown): string => createHash('sha256').update(JSON.stringify(paths)).digest('hex')

export const manifestOf = (paths: readonly string[]): string => JSON.stringify({ sum: sum(paths), paths })

export function isWhole(text: string): boolean {
  try {
    const { sum: claimed, paths } = JSON.parse(text)
    return claimed === sum(paths)
  } catch {
    return false
  }
}

/** Reads the manifest over and over. Returns how often it was torn, or absent although it had been there before. */
export async function watchManifest(path: string, over: AbortSignal): Promise<number> {
  let faults = 0
  for (let seen = false; !over.aborted; await setTimeout(4)) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined ? seen : !isWhole(text)) faults++
    seen ||= text !== undefined
  }
  return faults
}
