// A tree of files, each of which shows by itself whether it is whole.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Look, lookSync, payload } from './payload.js'

const names = (files: number): string[] => Array.from({ length: files }, (_, at) => `${at % 6}/${at % 2}/${at}`)

export function layTree(dir: string, files: number, bytes: number): void {
  for (const [at, name] of names(files).entries()) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), payload(at, bytes))
  }
}

/** Yields what a reader sees at each name of the tree, one after the other. */
export function* lookAtTree(dir: string, files: number): Generator<Look['seen']> {
  for (const [at, name] of names(files).entries()) {
    const { seen, owner } = lookSync(join(dir, name))
    yield seen === 'whole' && owner !== at ? 'torn' : seen
  }
}
