// Trees of files for the copies, and ways to compare them.

import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ownerOf, payload } from './kit.js'

const bytes = 4096
export const files = 300
const nameOf = (file: number): string => `${file % 20}/${file % 3}/${file}`

/** Makes a tree of many files, each of which shows whether it is whole. */
export function layMany(source: string): void {
  for (let file = 0; file < files; file++) {
    const path = join(source, nameOf(file))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, payload(file, bytes))
  }
}

/** Reads what there is of such a tree; returns how many files, and how many of them were not whole. */
export function readMany(target: string): { reads: number; partial: number } {
  const seen = { reads: 0, partial: 0 }
  for (let file = 0; file < files; file++) {
    try {
      if (ownerOf(readFileSync(join(target, nameOf(file))), bytes) !== file) seen.partial++
      seen.reads++
    } catch {}
  }
  return seen
}

/** Everything below a directory, in lines: names byte for byte, modes, bytes, texts of links. */
export function shapeOf(dir: string | Buffer, above = ''): string[] {
  const names = readdirSync(dir, { encoding: 'buffer' }).map(name => name.toString('latin1'))
  return names.sort().flatMap(name => {
    const path = Buffer.concat([Buffer.from(dir as string), Buffer.from('/'), Buffer.from(name, 'latin1')])
    const stats = lstatSync(path)
    const line = `${above}${name} ${(stats.mode & 0o7777).toString(8)}`
    if (stats.isDirectory()) return [line, ...shapeOf(path, `${above}${name}/`)]
    const content = stats.isSymbolicLink() ? `-> ${readlinkSync(path, 'latin1')}` : readFileSync(path, 'latin1')
    return [`${line} ${content}`]
  })
}

/** The names only. A name that is no text gets replacement characters. */
export function namesIn(dir: string | Buffer, above = ''): string[] {
  const entries = readdirSync(dir, { encoding: 'buffer', withFileTypes: true })
  return entries
    .map(entry => ({ entry, name: above + entry.name.toString() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ entry, name }) => {
      const path = Buffer.concat([Buffer.from(dir as string), Buffer.from('/'), entry.name])
      return entry.isDirectory() ? [name, ...namesIn(path, `${name}/`)] : [name]
    })
}

/** The private names below a directory, which must not outlive the call that made them. */
export const privateNames = (dir: string): string[] =>
  namesIn(dir).filter(name => /(^|\/)\.[^/]*\.[a-z0-9]+-[a-z0-9]+-[a-z0-9]+\.[0-9a-f]{16}\.holdfast$/s.test(name))
