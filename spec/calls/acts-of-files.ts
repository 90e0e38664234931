// The functions that publish one name: what is there is what was there before, or what the caller wanted.

import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  appendLines,
  createExclusive,
  emplace,
  link,
  mkdirp,
  symlink,
  writeFile,
  writeFiles,
  writeJson,
} from 'holdfast'
import { type Act, inForm, patience } from './act.js'
import { logOf, type Tree } from './tree.js'

/** Long enough that half of it can be told from all of it. */
export const oldText = 'old '.repeat(500)
export const newText = 'new '.repeat(700)
/** In pieces, as a stream hands them over. */
const pieces = [newText.slice(0, 1000), newText.slice(1000, 1001), newText.slice(1001)]

const at = (dir: string, name: string): string => join(dir, name)
const put = (dir: string, name: string, text: string): void => writeFileSync(at(dir, name), text)
const nothing = (): void => {}
export const plantOld = (dir: string): void => put(dir, 'file', oldText)

/** Each process has a record of its own, so that each must be there. The process that makes the faulty call has the shim. */
const records = { faulty: newText.trim(), next: oldText.trim() }
export const ownRecord = (): string => (process.env.HOLDFAST_CALLS ? records.faulty : records.next)
/** Its last record is torn. */
const plantLog = (dir: string): void => put(dir, 'some.log', 'old\nol')
export const grownLog = {
  becomes: { 'some.log': logOf(['old', records.faulty]) },
  adds: (was: Tree): Tree => ({ 'some.log': logOf([...(was['some.log'] ?? '').split('\n'), records.next]) }),
}

const full = { ...patience, durability: 'full', parents: true } as const

export const actsOfFiles: readonly Act[] = [
  {
    name: 'mkdirp',
    plant: nothing,
    call: (dir, form) => inForm(mkdirp, form)(at(dir, 'a/b/c'), patience),
    // Each level is made by itself.
    piecewise: true,
    becomes: { a: '/', 'a/b': '/', 'a/b/c': '/' },
  },
  {
    name: 'createExclusive',
    plant: nothing,
    call: (dir, form) => inForm(createExclusive, form)(at(dir, 'sub/file'), newText, full),
    becomes: { sub: '/', 'sub/file': newText },
    meanwhile: [{ sub: '/' }],
    documented: ['ERR_NO_HARD_LINKS'],
  },
  {
    name: 'createExclusive-unsynced',
    plant: nothing,
    call: (dir, form) => inForm(createExclusive, form)(at(dir, 'file'), newText, { ...patience, durability: 'none' }),
    becomes: { file: newText },
    documented: ['ERR_NO_HARD_LINKS'],
  },
  {
    name: 'writeFile',
    plant: plantOld,
    call: (dir, form) => inForm(writeFile, form)(at(dir, 'file'), newText, full),
    becomes: { file: newText },
    returns: [undefined],
  },
  {
    name: 'writeFile-unsynced',
    plant: plantOld,
    call: (dir, form) => inForm(writeFile, form)(at(dir, 'file'), pieces, { ...patience, durability: 'none' }),
    becomes: { file: newText },
  },
  {
    name: 'writeFile-with-mode',
    plant(dir) {
      plantOld(dir)
      symlinkSync('file', at(dir, 'link'))
    },
    call: (dir, form) =>
      inForm(writeFile, form)(at(dir, 'link'), newText, { ...patience, mode: 0o640, chown: { uid: 0, gid: 0 } }),
    becomes: { file: newText, link: '-> file' },
  },
  {
    name: 'writeJson',
    plant: plantOld,
    call: (dir, form) => inForm(writeJson, form)(at(dir, 'file'), newText, full),
    becomes: { file: `"${newText}"\n` },
    returns: [undefined],
  },
  {
    name: 'appendLines',
    plant: plantLog,
    call: (dir, form) =>
      inForm(appendLines, form)(at(dir, 'some.log'), ownRecord(), { ...patience, durability: 'full' }),
    ...grownLog,
    returns: [undefined],
  },
  {
    name: 'writeFiles',
    plant: plantOld,
    call: (dir, form) =>
      inForm(writeFiles, form)(
        ['file', 'sub/one', 'sub/two'].map(name => [at(dir, name), newText + name] as const),
        full,
      ),
    piecewise: true,
    becomes: { file: `${newText}file`, sub: '/', 'sub/one': `${newText}sub/one`, 'sub/two': `${newText}sub/two` },
  },
  {
    name: 'link',
    plant: plantOld,
    call: (dir, form) => inForm(link, form)(at(dir, 'file'), at(dir, 'sub/name'), { ...patience, parents: true }),
    becomes: { file: oldText, sub: '/', 'sub/name': oldText },
    meanwhile: [{ file: oldText, sub: '/' }],
    returns: ['linked', 'already'],
  },
  {
    name: 'link-replace',
    plant(dir) {
      plantOld(dir)
      put(dir, 'name', 'another')
    },
    call: (dir, form) =>
      inForm(link, form)(at(dir, 'file'), at(dir, 'name'), { ...patience, replace: true, fallback: 'copy' }),
    becomes: { file: oldText, name: oldText },
  },
  {
    name: 'symlink',
    plant: nothing,
    call: (dir, form) => inForm(symlink, form)('there', at(dir, 'name'), full),
    becomes: { name: '-> there' },
    returns: ['linked', 'already'],
  },
  {
    name: 'symlink-replace',
    plant: dir => symlinkSync('elsewhere', at(dir, 'name')),
    call: (dir, form) => inForm(symlink, form)('there', at(dir, 'name'), { ...full, replace: true }),
    becomes: { name: '-> there' },
    returns: ['linked', 'already'],
  },
  {
    name: 'emplace',
    plant(dir) {
      plantOld(dir)
      put(dir, 'source', newText)
    },
    call: (dir, form) => inForm(emplace, form)(at(dir, 'source'), at(dir, 'file'), full),
    becomes: { file: newText },
    returns: [true],
    again: 'ENOENT',
  },
  {
    name: 'emplace-second-name',
    plant(dir) {
      plantOld(dir)
      put(dir, 'source', newText)
      linkSync(at(dir, 'source'), at(dir, 'third'))
    },
    call: (dir, form) => inForm(emplace, form)(at(dir, 'source'), at(dir, 'file'), patience),
    becomes: { file: newText, third: newText },
    meanwhile: [{ source: newText, file: newText, third: newText }],
    returns: [true],
    again: 'ENOENT',
  },
  {
    name: 'emplace-if-absent',
    plant(dir) {
      put(dir, 'source', newText)
      mkdirSync(at(dir, 'sub'))
    },
    call: (dir, form) => inForm(emplace, form)(at(dir, 'source'), at(dir, 'sub/file'), { ...full, ifAbsent: true }),
    becomes: { sub: '/', 'sub/file': newText },
    meanwhile: [{ source: newText, sub: '/', 'sub/file': newText }],
    returns: [true],
    documented: ['ERR_NO_HARD_LINKS'],
    again: 'ENOENT',
  },
]
