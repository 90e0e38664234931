// A directory with one of everything in it, and ways to compare it with another.

import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { remove } from 'holdfast'

const root = process.getuid?.() === 0
const posix = process.platform !== 'win32'

/** Makes it at `dir`: modes, times, owners where that is allowed, links, names that are no text. */
export function plant(dir: string, content = 'content'): string {
  const at = (name: string) => join(dir, name)
  for (const name of ['', 'deep', 'deep/er', 'empty', 'locked']) mkdirSync(at(name))
  writeFileSync(at('deep/er/file'), content, { mode: 0o640 })
  writeFileSync(at('program'), `#!${content}`, { mode: 0o755 })
  writeFileSync(at('locked/secret'), content.repeat(9), { mode: 0o400 })
  symlinkSync('deep/er', at('link'))
  symlinkSync('no where', at('dangling'))
  if (posix) writeFileSync(Buffer.concat([Buffer.from(at('bytes-')), Buffer.from([0xff, 0xfe])]), content)
  if (root) chownSync(at('program'), 4321, 1234)
  if (root) chownSync(at('empty'), 4321, 1234)
  chmodSync(at('locked'), 0o555)
  chmodSync(at('deep'), 0o2770)
  let seconds = 1_000_000_000.25
  for (const name of ['deep/er/file', 'deep/er', 'deep', 'locked/secret', 'locked', 'empty', 'program', ''])
    utimesSync(at(name), seconds, seconds++)
  return dir
}

/** Describes everything at a path, a line for each thing; undefined if there is nothing. */
export function told(path: string | Buffer): string[] | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return undefined
  const own = `${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid} ${Math.round(stats.mtimeMs)}`
  if (stats.isSymbolicLink()) return [`link ${readlinkSync(path, 'latin1')}`]
  if (stats.isFile()) return [`file ${own} ${readFileSync(path, 'latin1')}`]
  if (!stats.isDirectory()) return ['other']
  const names = readdirSync(path, 'buffer').sort(Buffer.compare)
  const below = names.flatMap(name => {
    const inner = Buffer.concat([Buffer.from(path), Buffer.from('/'), name])
    return (told(inner) ?? []).map(line => `${name.toString('latin1')}/ ${line}`)
  })
  return [`directory ${own}`, ...below]
}

/** Removes everything in a directory, also what is read-only or has a private name. */
export function clear(dir: string): void {
  for (const name of readdirSync(dir)) remove.sync(join(dir, name))
}

/** The kinds of things that can be moved. */
export const kinds = ['file', 'directory', 'link'] as const
export type Kind = (typeof kinds)[number]

/** Makes a thing of this kind, with this text in it. */
export function make(path: string, text: string, kind: Kind): void {
  if (kind === 'link') symlinkSync(text, path)
  if (kind === 'directory') mkdirSync(path)
  if (kind !== 'link') writeFileSync(kind === 'file' ? path : join(path, 'in'), text)
}

/** The text of what `make` made; undefined if there is nothing. */
export function read(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats?.isSymbolicLink()) return readlinkSync(path)
  if (stats?.isDirectory()) return readdirSync(path).map(name => readFileSync(join(path, name), 'utf8'))[0] ?? 'empty'
  return stats && readFileSync(path, 'utf8')
}
