// A directory with one of everything in it, and how to tell it from another.

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

/** Plants it at `dir`: modes, times, owners where that is allowed, links, names that are no text. */
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

/** All that is at a path, one line a thing; undefined if nothing is. */
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

/** Takes away all that is in a directory, locked as it may be, and private as its name may be. */
export function clear(dir: string): void {
  for (const name of readdirSync(dir)) remove.sync(join(dir, name))
}

/** What can be moved. */
export const kinds = ['file', 'directory', 'link'] as const
export type Kind = (typeof kinds)[number]

/** Makes one of them, with this text in it. */
export function make(path: string, text: string, kind: Kind): void {
  if (kind === 'link') symlinkSync(text, path)
  if (kind === 'directory') mkdirSync(path)
  if (kind !== 'link') writeFileSync(kind === 'file' ? path : join(path, 'in'), text)
}

/** What `make` has made there, in a word; undefined: nothing is there. */
export function read(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats?.isSymbolicLink()) return readlinkSync(path)
  if (stats?.isDirectory()) return readdirSync(path).map(name => readFileSync(join(path, name), 'utf8'))[0] ?? 'empty'
  return stats && readFileSync(path, 'utf8')
}
