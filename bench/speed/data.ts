// What is measured of the functions that write, copy and remove.

import fs from 'node:fs'
import { join } from 'node:path'
import { writeFile as atomically, writeFileSync as atomicallySync } from 'atomically'
import fsExtra from 'fs-extra'
import { copy, move, remove, symlink, writeFile } from 'holdfast'
import writeFileAtomic from 'write-file-atomic'
import type { Contest } from './names.js'
import { rawWriteFile, rawWriteFileSync } from './raw.js'

const sizes = { '1 KiB': Buffer.alloc(1024, 'x'), '1 MiB': Buffer.alloc(1024 * 1024, 'x') }
const recursive = { recursive: true } as const

/** Over a file that is there, as most writes are, each side over its own; or new files, each of another name. */
function writing(dir: string, size: keyof typeof sizes, durability: 'none' | 'file', fresh = false): Contest[] {
  const data = sizes[size]
  const fsync = durability === 'file'
  const over = (name: string) => {
    const file = join(dir, `${name} ${size} ${durability}`)
    fs.writeFileSync(file, data)
    return (path: string) => (fresh ? path : file)
  }
  const [own, theirs] = [over('ours'), over('theirs')]
  const small = size === '1 KiB'
  const calls = small ? 60 : 12
  const ours = (path: string) => writeFile(own(path), data, { durability })
  const oursSync = (path: string) => writeFile.sync(own(path), data, { durability })
  const what = `${size}${fresh ? ' new' : ''}, ${durability}`
  const faster = { name: `writeFile ${what}`, target: small && !fsync ? 0.5 : 0.83, calls, ours }
  const sync = { name: `writeFile.sync ${what}`, calls, ours: oursSync }
  return [
    {
      ...{ ...faster, name: `${faster.name} / write-file-atomic` },
      rival: path => writeFileAtomic(theirs(path), data, { fsync }),
    },
    { ...{ ...faster, name: `${faster.name} / atomically` }, rival: path => atomically(theirs(path), data, { fsync }) },
    {
      ...{ ...faster, name: `${faster.name} / by hand`, target: 1.3 },
      rival: path => rawWriteFile(theirs(path), data, fsync),
    },
    {
      ...{ ...sync, name: `${sync.name} / write-file-atomic`, target: 0.67 },
      rival: path => writeFileAtomic.sync(theirs(path), data, { fsync }),
    },
    {
      ...{ ...sync, name: `${sync.name} / atomically` },
      rival: path => atomicallySync(theirs(path), data, { fsync }),
    },
    {
      ...{ ...sync, name: `${sync.name} / by hand` },
      rival: path => rawWriteFileSync(theirs(path), data, fsync),
    },
  ]
}

/** A thousand files of 1 KiB, in fifty directories. */
function plant(tree: string): void {
  for (let d = 0; d < 50; d++) {
    const dir = join(tree, `d${d % 5}`, `${d}`)
    fs.mkdirSync(dir, recursive)
    for (let f = 0; f < 20; f++) fs.writeFileSync(join(dir, `${f}`), sizes['1 KiB'])
  }
}

function trees(dir: string): Contest[] {
  const tree = join(dir, 'tree')
  plant(tree)
  const calls = 1
  const copied = (path: string) => copy(tree, path)
  return [
    {
      ...{ name: 'copy of 1,000 files / fs.cp', target: 1, calls, ours: copied },
      rival: path => fs.promises.cp(tree, path, recursive),
    },
    {
      ...{ name: 'copy of 1,000 files / fs-extra', target: 1, calls, ours: copied },
      rival: path => fsExtra.copy(tree, path),
    },
    {
      ...{ name: 'copy.sync of 1,000 files / cpSync', target: 1, calls },
      rival: path => fs.cpSync(tree, path, recursive),
      ours: path => copy.sync(tree, path),
    },
    {
      ...{ name: 'remove of 1,000 files / fs.rm', target: 1, calls, before: plant },
      rival: path => fs.promises.rm(path, recursive),
      ours: path => remove(path),
    },
    {
      ...{ name: 'remove of 1,000 files / fs-extra', target: 1, calls, before: plant },
      rival: path => fsExtra.remove(path),
      ours: path => remove(path),
    },
    {
      ...{ name: 'remove.sync of 1,000 files / rmSync', target: 1, calls, before: plant },
      rival: path => fs.rmSync(path, recursive),
      ours: path => remove.sync(path),
    },
  ]
}

export function data(dir: string): Contest[] {
  const source = (path: string): void => fs.writeFileSync(`${path}.new`, sizes['1 KiB'])
  return [
    ...writing(dir, '1 KiB', 'none'),
    ...writing(dir, '1 KiB', 'file'),
    ...writing(dir, '1 KiB', 'none', true),
    ...writing(dir, '1 KiB', 'file', true),
    ...writing(dir, '1 MiB', 'none'),
    ...writing(dir, '1 MiB', 'file'),
    {
      name: 'symlink / promises',
      rival: path => fs.promises.symlink('target', path),
      ours: path => symlink('target', path),
    },
    {
      ...{ name: 'move without overwriting, none / fs-extra', before: source },
      rival: path => fsExtra.move(`${path}.new`, path),
      ours: path => move(`${path}.new`, path, { durability: 'none' }),
    },
    ...trees(dir),
  ]
}
